package report

import (
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// around is how much of the time before and after is shown behind a link.
const around = 15 * time.Minute

// incidentLink is the page of an incident, at the event when seq is not 0.
func incidentLink(base, id string, seq int64) string {
	s := base + "/incidents/" + url.PathEscape(id)
	if seq != 0 {
		s += "#event-" + strconv.FormatInt(seq, 10)
	}
	return s
}

// exploreLink draws a query over a time; "" without a query.
func exploreLink(base, query string, from, to time.Time) string {
	if query == "" || from.IsZero() || to.Before(from) {
		return ""
	}
	v := url.Values{"query": {query}}
	v.Set("range", fmt.Sprintf("%.0f", (to.Sub(from)+2*around).Seconds()))
	v.Set("end", strconv.FormatInt(to.Add(around).Unix(), 10))
	return base + "/explore?" + v.Encode()
}

// changeLink is what is known of a change: its own address if it has one that may be
// followed, else the verdict on it.
func changeLink(base string, id, own string) string {
	if u, err := url.Parse(own); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
		return u.String()
	}
	return base + "/api/v1/tocsin/changes/" + url.PathEscape(id) + "/verdict"
}

func unescaped(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}
