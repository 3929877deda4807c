package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

// session is the templates of one job, block or instance, in order.
type session struct {
	events []string
	odd    bool // labelled as anomalous
}

// sessionSet is a set of labelled sessions: normal ones to learn from, others to judge.
type sessionSet struct {
	name, research string
	learn, judge   []session
}

// logsAnomalies judges whole sessions by the counts of their templates. What is learnt,
// the threshold among it, comes from normal sessions alone.
func logsAnomalies(f logsFlags, found figures, out io.Writer) error {
	sets, err := loadSessions(f.dir)
	if err != nil {
		return err
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "sessions\tlearnt\tjudged\todd\tunknown template alone F1\tcounts F1\tprecision\trecall\tresearch")
	for _, s := range sets {
		m := learnMixes(s.learn)
		var fresh, both confusion
		odd := 0
		for _, x := range s.judge {
			unknown, distance := m.judge(x.events)
			fresh.add(unknown, x.odd)
			both.add(distance > m.threshold, x.odd)
			if x.odd {
				odd++
			}
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t%s\n", s.name, len(s.learn), len(s.judge), odd,
			fresh.f1(), both.f1(), both.precision(), both.recall(), s.research)
		found["anomaly_f1_"+s.name] = both.f1()
	}
	return w.Flush()
}

// confusion counts verdicts by truth.
type confusion struct{ hits, falseAlarms, missed int }

func (c *confusion) add(alarm, odd bool) {
	switch {
	case alarm && odd:
		c.hits++
	case alarm:
		c.falseAlarms++
	case odd:
		c.missed++
	}
}

func (c *confusion) f1() float64        { return ratio(2*c.hits, 2*c.hits+c.falseAlarms+c.missed) }
func (c *confusion) precision() float64 { return ratio(c.hits, c.hits+c.falseAlarms) }
func (c *confusion) recall() float64    { return ratio(c.hits, c.hits+c.missed) }

// sessionMixes are the counts of templates in normal sessions.
type sessionMixes struct {
	all       []map[string]int
	known     map[string]bool
	threshold float64
}

// learnMixes keeps each count vector once. The threshold is set so that normal sessions
// that were not learnt would pass: by the distances of a tenth of them, five times over,
// to the other nine tenths.
func learnMixes(of []session) *sessionMixes {
	m := &sessionMixes{}
	var distances []float64
	const folds = 5
	for fold := range folds {
		part := &sessionMixes{known: map[string]bool{}}
		var held []session
		for i, s := range of {
			if i*10/max(1, len(of)) == 2*fold {
				held = append(held, s)
			} else {
				part.learn(s)
			}
		}
		for _, s := range held {
			if unknown, d := part.judge(s.events); !unknown {
				distances = append(distances, d)
			}
		}
	}
	m.known = map[string]bool{}
	for _, s := range of {
		m.learn(s)
	}
	m.threshold = passing(distances)
	return m
}

// falseShare is the share of normal sessions that may be called odd.
const falseShare = 0.01

// passing returns the distance that all but falseShare of normal sessions keep below.
// Where there are too few to have shown it, the tail is taken to go on as it began:
// exponentially, from the median.
func passing(distances []float64) float64 {
	n := len(distances)
	if n == 0 {
		return 0
	}
	slices.Sort(distances)
	if k := int(falseShare * float64(n)); k >= 1 {
		return distances[n-1-k]
	}
	upper := distances[n/2:]
	excess := 0.0
	for _, d := range upper {
		excess += (d - upper[0]) / float64(len(upper))
	}
	return distances[n-1] + excess*math.Log(1/(falseShare*float64(n+1)))
}

func counts(events []string) map[string]int {
	c := map[string]int{}
	for _, e := range events {
		c[e]++
	}
	return c
}

func (m *sessionMixes) learn(s session) {
	c := counts(s.events)
	for e := range c {
		m.known[e] = true
	}
	for _, x := range m.all {
		if distance(c, x) == 0 {
			return
		}
	}
	m.all = append(m.all, c)
}

// judge reports whether a session has a template that no normal one has, and how far it
// is from the nearest normal one: 0 the same counts, 1 nothing in common.
func (m *sessionMixes) judge(events []string) (unknown bool, nearest float64) {
	c := counts(events)
	for e := range c {
		unknown = unknown || !m.known[e]
	}
	nearest = 1
	for _, x := range m.all {
		nearest = min(nearest, distance(c, x))
	}
	return unknown, nearest
}

// distance is the share of lines by which two sessions differ.
func distance(a, b map[string]int) float64 {
	differ, total := 0, 0
	for e, n := range a {
		differ += max(n-b[e], b[e]-n)
		total += max(n, b[e])
	}
	for e, n := range b {
		if _, ok := a[e]; !ok {
			differ += n
			total += n
		}
	}
	return ratio(differ, total)
}

// loadSessions reads the labelled sessions that are there.
func loadSessions(dir string) ([]sessionSet, error) {
	var sets []sessionSet
	for _, s := range []struct{ name, folder, prefix, research string }{
		{"openstack_kalaki", "openstack_parisakalaki", "openstack", "new event .919, counts .994 (best threshold)"},
		{"openstack_loghub", "openstack_loghub", "openstack", "no simple method over .09"},
		{"hadoop", "hadoop_loghub", "hadoop", "new event .32, counts .61 on this split; counts .915 (best threshold)"},
	} {
		base := filepath.Join(dir, "ait-sequences", s.folder, s.prefix)
		set := sessionSet{name: s.name, research: s.research}
		var errs [3]error
		var normal, odd []session
		set.learn, errs[0] = readSequences(base+"_train", false)
		normal, errs[1] = readSequences(base+"_test_normal", false)
		odd, errs[2] = readSequences(base+"_test_abnormal", true)
		if err := errors.Join(errs[:]...); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: %v", errLacking, err)
		} else if err != nil {
			return nil, err
		}
		set.judge = append(normal, odd...)
		sets = append(sets, set)
	}
	hdfs := sessionSet{name: "hdfs_100k", research: "new event .417, with length .643, counts .659"}
	for _, part := range []struct {
		file string
		to   *[]session
	}{{"train.tsv", &hdfs.learn}, {"test.tsv", &hdfs.judge}} {
		path := filepath.Join(dir, "hdfs100k-sessions", part.file)
		err := eachLine(path, func(line string) error {
			cols := strings.Split(line, "\t")
			if len(cols) != 3 {
				return fmt.Errorf("%s: a line of %d columns, want key, label and templates", path, len(cols))
			}
			*part.to = append(*part.to, session{events: strings.Fields(cols[2]), odd: cols[1] == "1"})
			return nil
		})
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: %v", errLacking, err)
		} else if err != nil {
			return nil, err
		}
	}
	return append(sets, hdfs), nil
}

func readSequences(path string, odd bool) ([]session, error) {
	var all []session
	err := eachLine(path, func(line string) error {
		_, events, ok := strings.Cut(line, ",")
		if !ok {
			return fmt.Errorf("%s: a line without a comma", path)
		}
		all = append(all, session{events: strings.Fields(events), odd: odd})
		return nil
	})
	return all, err
}

func eachLine(path string, do func(string) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if err := do(lines.Text()); err != nil {
			return err
		}
	}
	return lines.Err()
}
