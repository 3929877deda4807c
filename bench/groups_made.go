package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/tocsinhq/tocsin/telemetry"
)

// madeKind says what an incident of a made-up service is: how many of its metrics move,
// by how much, and whether all at once.
type madeKind struct {
	count string // of madeCounts
	large bool
	apart bool // one after another
}

// madeCounts are the numbers of metrics that move, of n.
var madeCounts = []string{"1", "2", "3-5", "quarter", "all"}

func madeCount(r *rand.Rand, count string, n int) int {
	switch count {
	case "3-5":
		return min(3+r.IntN(3), n)
	case "quarter":
		return max(n/4, 1)
	case "all":
		return n
	}
	k, _ := strconv.Atoi(count)
	return k
}

// madeSets are the kinds of services.
var madeSets = []struct {
	name        string
	least, most int // metrics
	restless    bool
}{
	{"even", 20, 40, false},
	{"restless", 20, 40, true},
	{"small", 4, 8, false},
}

// Sizes are in deviations of the noise of each metric, times in rows.
const (
	madeStep      = 60
	madeQuiet     = 7 * 1440 // before the first incident
	madeApart     = 8 * 60   // at least, between incidents
	madeFurther   = 16 * 60  // at most beyond that
	madeShortest  = 25       // of an incident
	madeLongest   = 60
	madeLagEach   = 4          // from one metric that moves to the next, where they do not move at once
	madeLag       = 20         // from the first to the last, at most
	madeBurstRate = 2.0 / 1440 // of a service that is restless
	madeSeed      = 91
)

// makeGroup makes the i-th service, in which incidents are known, at a minute with one
// daily season. Metrics come in clusters of one to six that share a part of their noise,
// some nearly all of it, and all share a little; half the clusters have heavy tails. In
// the restless twice a day some metrics of one cluster leave their ways for some minutes
// although nothing is wrong.
func makeGroup(i, weeks int) *group {
	r := rand.New(rand.NewPCG(uint64(i), madeSeed))
	kind := madeSets[i%len(madeSets)]
	s := newMadeService(r, kind.least+r.IntN(kind.most-kind.least+1), kind.restless)
	rows := weeks * 7 * 1440
	g := &group{labelled: labelled{set: kind.name, name: "made-" + strconv.Itoa(i), step: madeStep, skip: madeQuiet}}
	g.family = g.name
	shifts := g.plan(r, s, rows, i)
	g.metrics = make([][]telemetry.Sample, len(s.metrics))
	for m := range g.metrics {
		g.metrics[m] = make([]telemetry.Sample, rows)
	}
	for row := range rows {
		s.next(r, row)
		for m, x := range s.values {
			g.metrics[m][row] = telemetry.Sample{T: budgetStart + int64(row)*madeStep*1000, V: x}
		}
	}
	for _, x := range shifts {
		for row := x.from; row <= x.to; row++ {
			g.metrics[x.metric][row].V += x.by * s.metrics[x.metric].spread
		}
	}
	g.samples = g.metrics[0]
	return g
}

// madeShift moves one metric for a while.
type madeShift struct {
	span
	metric int
	by     float64 // deviations
}

// plan lays out incidents and notes who is guilty of each, in the order in which they
// move. The kinds take turns, so that each is as frequent as any other.
func (g *group) plan(r *rand.Rand, s *madeService, rows, turn int) []madeShift {
	var out []madeShift
	for at := madeQuiet + r.IntN(madeApart); at+madeLongest < rows; at += madeApart + r.IntN(madeFurther) {
		turn++
		kind := madeKind{count: madeCounts[turn%len(madeCounts)], large: turn/5%2 == 1, apart: turn/10%2 == 1}
		who := s.some(r, madeCount(r, kind.count, len(s.metrics)))
		x := guilt{span: span{at, at + madeShortest + r.IntN(madeLongest-madeShortest)}, metrics: who}
		for j, m := range who {
			by := 1.5 + 1.5*r.Float64()
			if kind.large {
				by = 4 + 4*r.Float64()
			}
			if r.IntN(4) == 0 {
				by = -by
			}
			from := at
			if kind.apart && j > 0 {
				from += j * min(madeLagEach*(len(who)-1), madeLag) / (len(who) - 1)
			}
			out = append(out, madeShift{span{from, x.to}, m, by})
		}
		g.events, g.guilty, g.kinds = append(g.events, x.span), append(g.guilty, x), append(g.kinds, kind)
	}
	return out
}

// madeService is a service whose metrics are made row by row.
type madeService struct {
	restless bool
	metrics  []madeMetric
	clusters []madeCluster
	common   float64 // noise of all
	values   []float64
}

type madeMetric struct {
	cluster           int
	level, day, shift float64 // the last two of the season: in levels, and in radians
	spread            float64 // deviation of the noise
	shared, all       float64 // parts of its variance that are its cluster's, and everyone's
	keeps             float64 // correlation of its own noise with the row before
	own               float64
}

type madeCluster struct {
	keeps  float64
	heavy  bool
	noise  float64
	burst  []float64 // by metric of the service, deviations, while one goes on
	bursts int       // rows left of it
}

func newMadeService(r *rand.Rand, n int, restless bool) *madeService {
	s := &madeService{restless: restless, values: make([]float64, n)}
	for len(s.metrics) < n {
		c := len(s.clusters)
		s.clusters = append(s.clusters, madeCluster{keeps: 0.9 * r.Float64(), heavy: r.IntN(2) == 0, burst: make([]float64, n)})
		shared := []float64{0.2, 0.5, 0.95}[r.IntN(3)]
		for range min(1+r.IntN(6), n-len(s.metrics)) {
			m := madeMetric{cluster: c, level: math.Exp(3 * r.NormFloat64()), day: 0.5 * r.Float64(), shift: 0.3 * r.NormFloat64(), shared: shared, all: 0.05, keeps: 0.9 * r.Float64()}
			m.spread = m.level * (0.02 + 0.08*r.Float64())
			s.metrics = append(s.metrics, m)
		}
	}
	return s
}

// some picks k metrics: half the time at random, else cluster by cluster.
func (s *madeService) some(r *rand.Rand, k int) []int {
	order := r.Perm(len(s.metrics))
	if r.IntN(2) == 0 {
		return order[:k]
	}
	var out []int
	for _, m := range order {
		for j := range s.metrics {
			if s.metrics[j].cluster == s.metrics[m].cluster && !slices.Contains(out, j) && len(out) < k {
				out = append(out, j)
			}
		}
	}
	return out
}

// next makes the values of a row.
func (s *madeService) next(r *rand.Rand, row int) {
	s.common = wander(s.common, 0.7, r.NormFloat64())
	if s.restless && r.Float64() < madeBurstRate {
		s.burst(r)
	}
	for c := range s.clusters {
		k := &s.clusters[c]
		k.noise = wander(k.noise, k.keeps, drawn(r, k.heavy))
		k.bursts--
	}
	for i := range s.metrics {
		m := &s.metrics[i]
		k := &s.clusters[m.cluster]
		m.own = wander(m.own, m.keeps, drawn(r, k.heavy))
		x := math.Sqrt(m.shared)*k.noise + math.Sqrt(m.all)*s.common + math.Sqrt(1-m.shared-m.all+0.0001)*m.own
		if k.bursts >= 0 {
			x += k.burst[i]
		}
		s.values[i] = m.level*(1+m.day*math.Sin(dayAngle(row*madeStep)+m.shift)) + m.spread*x
	}
}

// burst lets some metrics of a cluster leave their ways for one to five minutes.
func (s *madeService) burst(r *rand.Rand) {
	at := r.IntN(len(s.clusters))
	k := &s.clusters[at]
	k.bursts = 1 + r.IntN(5)
	by := 3 + 5*r.Float64()
	for i := range s.metrics {
		if k.burst[i] = 0; s.metrics[i].cluster == at && r.IntN(3) > 0 {
			k.burst[i] = by * (0.5 + r.Float64())
		}
	}
}

// wander moves noise of variance 1 on, correlated by keeps with what it was.
func wander(x, keeps, by float64) float64 { return keeps*x + math.Sqrt(1-keeps*keeps)*by }

// drawn draws noise of variance 1, of Student's t distribution of five degrees if heavy.
func drawn(r *rand.Rand, heavy bool) float64 {
	if !heavy {
		return r.NormFloat64()
	}
	sum := 0.0
	for range 5 {
		x := r.NormFloat64()
		sum += x * x
	}
	return r.NormFloat64() / math.Sqrt(sum/5) * math.Sqrt(3.0/5)
}
