package backtest

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// Format writes rows. It is used by several goroutines at once.
type Format interface {
	// Head appends what comes before the first row.
	Head(b []byte) []byte
	// Append appends one row with its line end.
	Append(b []byte, r *Row) []byte
}

// Columns say which columns stand beside the eight that are always there.
type Columns struct {
	Series bool // first, for sources of several series
	Metric bool // last, for units of several metrics: the one that row speaks of
}

// NotJudged is the kind of a row whose record was not judged.
const NotJudged = "not_judged"

func (r *Row) kind() string {
	if r.Reason != "" {
		return NotJudged
	}
	return r.Verdict.Kind.String()
}

// CSV returns the format with the columns timestamp, value, score, expected,
// lower, upper, anomalous (true or false) and kind. Times are as they were in
// the input, numbers have as many digits as it takes to read back the same
// float. A row that was not judged has score 0, NaN for the band, false and the
// kind not_judged; value is NaN as well when it is missing or a rate that is
// not known.
func CSV(c Columns) Format { return csvFormat(c) }

type csvFormat Columns

// Head appends the names of the columns.
func (f csvFormat) Head(b []byte) []byte {
	if f.Series {
		b = append(b, "series,"...)
	}
	b = append(b, "timestamp,value,score,expected,lower,upper,anomalous,kind"...)
	if f.Metric {
		b = append(b, ",metric"...)
	}
	return append(b, '\n')
}

// Append appends one line.
func (f csvFormat) Append(b []byte, r *Row) []byte {
	if f.Series {
		b = append(appendCell(b, r.Series), ',')
	}
	b = appendCell(b, r.Stamp)
	v := &r.Verdict
	for _, x := range [...]float64{v.Value, v.Score, v.Expected, v.Lower, v.Upper} {
		b = strconv.AppendFloat(append(b, ','), x, 'g', -1, 64)
	}
	b = strconv.AppendBool(append(b, ','), r.Anomalous)
	b = append(append(b, ','), r.kind()...)
	if f.Metric {
		b = appendCell(append(b, ','), r.Metric)
	}
	return append(b, '\n')
}

// appendCell quotes a cell where CSV asks for it.
func appendCell(b []byte, s string) []byte {
	if !strings.ContainsAny(s, ",\"\r\n") && !strings.HasPrefix(s, " ") {
		return append(b, s...)
	}
	b = append(b, '"')
	b = append(b, strings.ReplaceAll(s, `"`, `""`)...)
	return append(b, '"')
}

// JSONLines returns the format with one JSON object a line, with the fields of
// CSV; what is NaN or infinite there is null.
func JSONLines(c Columns) Format { return jsonFormat(c) }

type jsonFormat Columns

// Head appends nothing.
func (jsonFormat) Head(b []byte) []byte { return b }

// Append appends one object.
func (f jsonFormat) Append(b []byte, r *Row) []byte {
	b = append(b, '{')
	if f.Series {
		b = append(appendText(append(b, `"series":`...), r.Series), ',')
	}
	b = appendText(append(b, `"timestamp":`...), r.Stamp)
	v := &r.Verdict
	for _, x := range [...]struct {
		name string
		v    float64
	}{{"value", v.Value}, {"score", v.Score}, {"expected", v.Expected}, {"lower", v.Lower}, {"upper", v.Upper}} {
		b = append(append(append(b, `,"`...), x.name...), `":`...)
		if math.IsNaN(x.v) || math.IsInf(x.v, 0) {
			b = append(b, "null"...)
			continue
		}
		b = strconv.AppendFloat(b, x.v, 'g', -1, 64)
	}
	b = strconv.AppendBool(append(b, `,"anomalous":`...), r.Anomalous)
	b = appendText(append(b, `,"kind":`...), r.kind())
	if f.Metric {
		b = appendText(append(b, `,"metric":`...), r.Metric)
	}
	return append(b, '}', '\n')
}

func appendText(b []byte, s string) []byte {
	text, err := json.Marshal(s)
	if err != nil { // a string can always be written
		return append(b, `""`...)
	}
	return append(b, text...)
}
