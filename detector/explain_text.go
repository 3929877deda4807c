package detector

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// String returns the explanation as lines of text for people, each number such
// that the next can be worked out from those before, as Explanation says.
func (e Explanation) String() string {
	var b strings.Builder
	if e.Reason != "" {
		fmt.Fprintf(&b, "value %s at %s: not judged, %s\n", number(e.Value), clock(e.Time), strings.ReplaceAll(e.Reason, "_", " "))
		e.writeEpisode(&b)
		return b.String()
	}
	e.writeHead(&b)
	e.writeEpisode(&b)
	e.writeRecurrence(&b)
	e.writeForecast(&b)
	e.writeEvidence(&b)
	e.writeSum(&b)
	return b.String()
}

func (e *Explanation) writeHead(b *strings.Builder) {
	per, band, word := "", fmt.Sprintf("expected %s, no band", e.level(e.Mixture)), "not odd"
	if e.Rate {
		per = " per second"
	}
	if !math.IsNaN(e.Lower) {
		band = fmt.Sprintf("expected %s, band %s to %s", e.level(e.Expected), e.level(e.Lower), e.level(e.Upper))
	}
	switch {
	case e.Odd:
		word = strings.ReplaceAll(e.Kind.String(), "_", " ")
	case e.Excused:
		word = "not odd, for it recurs"
	}
	fmt.Fprintf(b, "value %s%s at %s (%s): %s, %s (score %s, odd from %s)\n", e.level(e.Value), per, clock(e.Time), band, word, often(e.Rarity), fine(e.Score), fine(e.Threshold))
	if e.Young != "" {
		fmt.Fprintf(b, "too young to alarm: %s\n", e.Young)
	}
}

// often says in words what a rarity means.
func often(rarity float64) string {
	switch {
	case float32(rarity) == notRare:
		return "no word on how rare"
	case rarity < 0:
		return telemetry.Counted(fmt.Sprintf("%.3g", math.Pow(10, -rarity)), "time", "times") + " an hour"
	}
	return "once in " + telemetry.Counted(fmt.Sprintf("%.3g", math.Pow(10, rarity)), "hour", "hours")
}

func (e *Explanation) writeEpisode(b *strings.Builder) {
	switch {
	case e.Phase == PhaseQuiet:
		b.WriteString("episode: none\n")
	default:
		fmt.Fprintf(b, "episode: %s, %s since %s, highest score %s\n", e.Phase, strings.ReplaceAll(e.EpisodeKind.String(), "_", " "), clock(e.Since), fine(e.Peak))
	}
}

// writeForecast tells what was expected and how exactly.
func (e *Explanation) writeForecast(b *strings.Builder) {
	lead := 0
	var list []string
	for i, x := range e.Forecasts {
		if x.Weight > e.Forecasts[lead].Weight {
			lead = i
		}
		list = append(list, fmt.Sprintf("%s %s (weight %.3f, mean error %s)", x.Name, e.level(x.Value), x.Weight, number(x.Error)))
	}
	followed := ""
	if e.Mixture < e.Lower || e.Mixture > e.Upper {
		followed = " (it has followed the value out of the band, whose end is expected instead)"
	}
	fmt.Fprintf(b, "forecast %s%s, led by %s: %s\n", e.level(e.Mixture), followed, e.Forecasts[lead].Name, strings.Join(list, ", "))
	if s := e.Season; s.Known {
		fmt.Fprintf(b, "season %+.5g: day %+.5g, week %+.5g%s, hour %+.5g%s; learned for %s; errors at this time %.3g of the usual%s\n",
			s.Total, s.Day, s.Week, leftOut(s.WeekUsed), s.Hour, leftOut(s.HourUsed), telemetry.Counted(number(float64(s.Days)), "day", "days"), s.Spread, s.edge())
	} else {
		b.WriteString("season: none, the series has no calendar yet\n")
	}
	s := e.Scale
	fmt.Fprintf(b, "scale %s = error %s (mean error %s x time of day %.4g x level %.4g (to the power %.2g) x young %.4g x finer step %.4g x gap %.4g) + floor %s (rounding %s, long scale %s, range %s, hardly changes %s, counts %s)\n",
		number(s.Total), number(s.Error), number(s.Mean), s.Spread, s.Level, s.Power, s.Fresh, s.Fine, s.Gap,
		number(s.Floor), number(s.Rounding), number(s.Long), number(s.Range), number(s.Still), number(s.Counts))
	most := ""
	if e.clipped() {
		most = ", the most that counts"
	}
	fmt.Fprintf(b, "normal %s (long level %s with season): the value is %s of %s away%s\n", e.level(e.Normal), e.level(e.Long), telemetry.Counted(fmt.Sprintf("%.4g", e.Deviation), "unit", "units"), number(e.Unit), most)
}

// clipped reports whether the value lies farther from what is normal than Deviation says.
func (e *Explanation) clipped() bool {
	off := edge{e.Season.Below, e.Season.Above}.beyond(e.Value - e.Normal)
	return math.Abs(off) > (1+rounding)*math.Abs(e.Deviation)*e.Unit
}

// writeRecurrence tells of what happens every day, or each week, at this time.
func (e *Explanation) writeRecurrence(b *strings.Builder) {
	r := e.Recurs
	if r.Count == 0 {
		return
	}
	if x := r.Sporadic; x.Most > 0 {
		fmt.Fprintf(b, "recurs at any time, %s today before it (up to %d are nothing new, of %d minutes at most), off normal by %.5g", telemetry.Counted(x.Today, "time", "times"), x.Most, r.Lasts, r.Off)
		fmt.Fprintf(b, ", known by a count of %d (%d for each of the first %d of a day, less %d for each day; believed from %d): up to %.4g times that, %.5g off, is told to nobody\n",
			r.Count, r.Gains, x.Daily, x.Fades, r.Believed, r.Times, r.Times*r.Off)
		return
	}
	of := "day"
	when := fmt.Sprintf("at about %02d:%02d local time", r.Minute/60, r.Minute%60)
	switch {
	case r.Every > 0:
		of = "time"
		fmt.Fprintf(b, "recurs each %d minutes, as %s", r.Every, when)
	case r.Weekly:
		of = "week"
		fmt.Fprintf(b, "recurs each %s %s", r.Weekday, when)
	default:
		fmt.Fprintf(b, "recurs day after day %s", when)
	}
	goes := fmt.Sprintf("%d more once it has begun", r.Lasts)
	if r.Level {
		goes = "as a level that is taken as normal"
	}
	fmt.Fprintf(b, " (%s early or late, and %s), off normal by %.5g", telemetry.Counted(r.Near, "minute", "minutes"), goes, r.Off)
	fmt.Fprintf(b, ", known by a count of %d (%d for each %s with it, less 1 for each without; believed from %d): up to %.4g times that, %.5g off, is told to nobody\n",
		r.Count, r.Gains, of, r.Believed, r.Times, r.Times*r.Off)
}

// edge tells of an edge of the day near by.
func (s *SeasonParts) edge() string {
	if s.Below == 0 && s.Above == 0 {
		return ""
	}
	return fmt.Sprintf("; an edge of the day is near, where %.5g below to %.5g above normal are ordinary", s.Below, s.Above)
}

func leftOut(used bool) string {
	if used {
		return ""
	}
	return " (left out)"
}

// writeEvidence tells what each channel has said.
func (e *Explanation) writeEvidence(b *strings.Builder) {
	b.WriteString("evidence in powers of ten (1.699 at the quantile of 2 %, 1.699 (size/quantile)^2 below, 1.699 + log10(size/quantile)/shape above):\n")
	e.writeStart(b)
	var silent []string
	for i, x := range e.Evidence {
		if x.Silent != "" {
			if i+1 < len(e.Evidence) && e.Evidence[i+1].Silent == x.Silent {
				silent = append(silent, x.Channel) // the reason stands after the last of them
			} else {
				silent = append(silent, x.Channel+" ("+x.Silent+")")
			}
			continue
		}
		mark := "  "
		if i == e.Decisive {
			mark = "> "
		}
		if i == seenShape {
			fmt.Fprintf(b, "%s%-12s new sequences come once in %s: 0.7 (log10 - 1) = %.4g, added to the others\n", mark, x.Channel, telemetry.Counted(number(x.Size), "sample", "samples"), x.Decades)
			continue
		}
		if i == seenEbb {
			fmt.Fprintf(b, "%s%-12s the mean of the last samples fits into normal %s; %s would be more than ever in %s: %.4g + %.4g log2(times/%s) = %.4g\n", mark, x.Channel, telemetry.Counted(number(x.Size), "time", "times"), number(x.Quantile), telemetry.Counted(x.Seen, "hour", "hours"), x.Bonus, x.Shape, number(x.Quantile), x.Decades)
			continue
		}
		if i == seenRecord {
			fmt.Fprintf(b, "%s%-12s %s the range beyond it, of %s in %s: %.4g + log10(times) = %.4g\n", mark, x.Channel, telemetry.Counted(number(x.Size), "time", "times"), telemetry.Counted(x.Excesses, "change", "changes"), telemetry.Counted(x.Seen, "sample", "samples"), x.Bonus, x.Decades)
			continue
		}
		fmt.Fprintf(b, "%s%-12s %s: quantile %s, shape %.4g (%d of %d beyond): %.4g%s\n", mark, x.Channel, e.size(i), number(x.Quantile), x.Shape, x.Excesses, x.Seen, x.Decades, x.terms())
	}
	if silent != nil {
		fmt.Fprintf(b, "  silent: %s\n", strings.Join(silent, ", "))
	}
}

// writeStart tells what the tails of the sample alone began with.
func (e *Explanation) writeStart(b *strings.Builder) {
	of := "all series"
	switch x := e.Start; {
	case x.Series > 0:
		of = fmt.Sprintf("%d series of %s", x.Series, x.Family)
	case x.Family != "":
		of = x.Family
	}
	fmt.Fprintf(b, "  shapes of above and below started from %.3g, that of %s\n", e.Start.Shape, of)
}

// size says what a channel measured.
func (e *Explanation) size(i int) string {
	u := number(e.Evidence[i].Size)
	switch {
	case i == seenPoint && e.Evidence[i].Size == 0:
		return fmt.Sprintf("within the ordinary %s to %s%s, size 0", e.level(e.Low), e.level(e.High), e.part())
	case i == seenPoint:
		return fmt.Sprintf("the ordinary %s to %s by %s%s", e.level(e.Low), e.level(e.High), telemetry.Counted(u, "scale", "scales"), e.part())
	case i == seenStill && e.Evidence[i].Times > 1:
		return fmt.Sprintf("%s, which count as %s since flat lines were told of late", telemetry.Counted(number(e.Evidence[i].Size*e.Evidence[i].Times), "sample", "samples"), u)
	case i == seenStill:
		return telemetry.Counted(u, "sample", "samples")
	case i < seenStorm:
		return telemetry.Counted(u, "unit", "units")
	}
	return telemetry.Counted(u, "scale", "scales")
}

// part says what does not count of the distance from what is ordinary.
func (e *Explanation) part() string {
	if e.Part == 0 {
		return ""
	}
	return fmt.Sprintf(", less %s for small counts", number(e.Part))
}

// terms tells what was added to the tail and taken from it.
func (x *Evidence) terms() string {
	var s string
	if x.Bonus != 0 {
		s += fmt.Sprintf(", %+.4g of it as bonus", x.Bonus)
	}
	if !math.IsInf(x.Most, 1) {
		s += fmt.Sprintf(", at most %.4g since it seldom rises", x.Most)
	}
	if x.Against != 0 {
		s += fmt.Sprintf(", after %.4g held against it", x.Against)
	}
	if x.Lasting > 0 {
		s += fmt.Sprintf(", beyond for %s before", telemetry.Counted(x.Lasting, "sample", "samples"))
	}
	return s
}

// writeSum leads from the evidence to the score.
func (e *Explanation) writeSum(b *strings.Builder) {
	rarity, inFull := fmt.Sprintf("%.5g", e.Rarity), e.Decades-e.Looks-e.Habit-e.Bias
	switch {
	case float32(e.Rarity) == notRare:
		rarity = fmt.Sprintf("%.5g, not told while it is too young,", inFull)
	case e.Plain != (PlainPart{}):
		rarity = fmt.Sprintf("%.5g in full", inFull)
	}
	fmt.Fprintf(b, "rarity %s = %.5g total - %.4g for %s an hour - %.4g habit of alarms - %.4g bias: 10^rarity hours between samples as odd\n",
		rarity, e.Decades, e.Looks, telemetry.Counted(fmt.Sprintf("%.4g", math.Pow(10, e.Looks)), "look", "looks"), e.Habit, e.Bias)
	if x := e.Plain; x != (PlainPart{}) && float32(e.Rarity) != notRare {
		most := fmt.Sprintf("%.5g - %.4g looks", x.Decades, e.Looks)
		if x.Charts > 0 {
			most = fmt.Sprintf("%.5g of a mean - %.4g looks - %.4g habit - %.4g bias", x.Charts, e.Looks, e.Habit, e.Bias)
		}
		fmt.Fprintf(b, "rarity %.5g as told = %s: plainly ordinary, by weights and scale of the last lesson: %s of %.5g from %s, quantile %.5g: %.5g\n",
			e.Rarity, most, telemetry.Counted(fmt.Sprintf("%.4g", x.Size), "scale", "scales"), x.Scale, e.level(x.Expected), x.Quantile, x.Decades)
	}
	fmt.Fprintf(b, "needed %.5g = %.4g looks + %.4g habit + %.4g bias + %.4g for a budget of %.4g in 168 hours %s owed to the service",
		e.Need, e.Looks, e.Habit, e.Bias, math.Log10(hoursPerWeek/e.Budget), e.Budget, added(e.Share))
	switch {
	case e.Odd && e.Decades < e.Need:
		b.WriteString(": odd, for the value is below zero for the first time\n")
	case e.Odd:
		fmt.Fprintf(b, ": odd by %s\n", e.Evidence[e.Decisive].Channel)
	case e.Excused:
		fmt.Fprintf(b, ": odd by %s, and excused, for it recurs\n", e.Evidence[e.Decisive].Channel)
	case e.Young != "":
		b.WriteString(": not odd while it is too young\n")
	default:
		fmt.Fprintf(b, ": not odd, %.4g short\n", e.Need-e.Decades)
	}
}

func number(v float64) string { return fmt.Sprintf("%.5g", v) }

// level is number for what is as large as the values of the series, with as many digits as
// it takes to tell distances of a hundredth of the scale.
func (e *Explanation) level(v float64) string {
	return telemetry.Level(v, e.Scale.Total, leastDigits)
}

// leastDigits are those of number.
const leastDigits = 5

// added returns a term of a sum with its sign.
func added(v float64) string {
	if v < 0 {
		return fmt.Sprintf("- %.4g", -v)
	}
	return fmt.Sprintf("+ %.4g", v)
}

// fine is for scores, which differ from 1 by little.
func fine(v float64) string { return fmt.Sprintf("%.9g", v) }

func clock(t int64) string { return time.UnixMilli(t).UTC().Format("2006-01-02T15:04:05.999Z") }
