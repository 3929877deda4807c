package telemetry

// BandLabel marks a series that is computed when somebody asks for it: what the
// detector expected of the series with the other labels. A selector that asks
// for it by one of the values of BandParts gets such series; they are never
// stored, and a stored series that carries the label all the same is not watched.
const BandLabel = "tocsin_band"

// The values of BandLabel.
const (
	BandValue    = "value"    // what is watched: the sample, of a counter its rate per second
	BandExpected = "expected" // what the detector expected
	BandLower    = "lower"    // the ends of the ordinary range
	BandUpper    = "upper"
	BandScore    = "score" // how odd the value is, from 0 to 1
	// BandAnomaly is how odd the series is: inside an episode its highest score so
	// far, else the score of the value; negative when it is odd downwards.
	BandAnomaly = "anomaly"
)

// BandParts returns the values of BandLabel, sorted.
func BandParts() []string {
	return []string{BandAnomaly, BandExpected, BandLower, BandScore, BandUpper, BandValue}
}
