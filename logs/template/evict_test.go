package template_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/logs/template"
)

func small() template.Config {
	c := template.DefaultConfig()
	c.MaxTemplates, c.MaxPerService = 100, 50
	return c
}

// noise is a line of a shape of its own.
func noise(i int) string {
	var b strings.Builder
	for i += 2; i > 1; i /= 2 {
		b.WriteString([]string{"alpha ", "(beta) "}[i&1])
	}
	return b.String()
}

func TestMine_NeverStopsWhenFull(t *testing.T) {
	m := template.New(small())
	var out template.Match
	for i := range 5000 {
		m.Mine("s", 9, nil, []byte(noise(i)), int64(i), &out)
		if out.ID == 0 {
			t.Fatalf("line %d has no template", i)
		}
	}
	if n := len(m.Templates("")); n > 60 {
		t.Errorf("%d templates are kept, want at most 50 and the ones for others", n)
	}
	// Something new and frequent gets its template all the same, by its second line.
	for range 2 {
		m.Mine("s", 9, nil, []byte("a thing: happened = 4"), 6000, &out)
	}
	if info, _ := m.Template(out.ID); info.Other {
		t.Error("a line that comes again is filed under others")
	}
	// And so does another service.
	m.Mine("t", 9, nil, []byte("hello there world"), 6000, &out)
	if info, _ := m.Template(out.ID); info.Other || !out.New {
		t.Errorf("another service: %+v, new %v", info, out.New)
	}
}

func TestMine_WhatWasLetGoIsNotNewWhenItReturns(t *testing.T) {
	m := template.New(small())
	var out template.Match
	line := []byte("the old: line (4)")
	m.Mine("s", 9, nil, line, 1000, &out)
	id := out.ID
	for i := range 240 {
		m.Mine("s", 9, nil, []byte(noise(i/2)), int64(2000+i), &out)
	}
	if _, ok := m.Template(id); ok {
		t.Fatal("the template is still there")
	}
	for range 2 {
		m.Mine("s", 9, nil, line, 9000, &out)
		if out.New {
			t.Error("it is called new")
		}
		if out.ID == id {
			break
		}
	}
	if out.ID != id || out.Last != 1000 {
		t.Errorf("got id %x, last seen %d; want %x, 1000", out.ID, out.Last, id)
	}
}

func TestMine_TooManyServicesShareOne(t *testing.T) {
	c := small()
	c.MaxServices = 3
	m := template.New(c)
	var out template.Match
	for i := range 20 {
		m.Mine(fmt.Sprint("service", i), 9, nil, []byte("hello big world"), 1, &out)
	}
	services := map[string]bool{}
	for _, i := range m.Templates("") {
		services[i.Service] = true
	}
	if len(services) != 4 {
		t.Errorf("got %v, want three services and one for the others", services)
	}
	var b strings.Builder
	m.WriteMetrics(&b)
	if !strings.Contains(b.String(), `{reason="too_many_services"} 17`) || !strings.Contains(b.String(), "tocsin_log_lines_mined_total 20\n") {
		t.Errorf("got\n%s", b.String())
	}
}

func TestMine_GivenTemplateIsHonoured(t *testing.T) {
	m := template.New(template.DefaultConfig())
	var a, b template.Match
	m.Mine("s", 9, []byte("paid {amount} by {who}"), []byte("paid 12 by alice"), 1, &a)
	m.Mine("s", 9, []byte("paid {amount} by {who}"), []byte("paid 7 by a very long name"), 2, &b)
	if a.ID != b.ID || !a.New || b.New {
		t.Fatalf("got %+v and %+v", a, b)
	}
	info, _ := m.Template(a.ID)
	if info.Text != "paid {amount} by {who}" || !info.Given || info.Count != 2 {
		t.Errorf("got %+v", info)
	}
	want := []template.Var{{Start: 5, End: 7, Kind: template.KindNum}, {Start: 11, End: 16, Kind: template.KindWord}}
	if len(a.Vars) != 2 || a.Vars[0] != want[0] || a.Vars[1] != want[1] {
		t.Errorf("got variables %v, want %v", a.Vars, want)
	}
	if len(b.Vars) != 2 || b.Vars[1].Start != 10 || b.Vars[1].End != 26 {
		t.Errorf("got variables %v, want the whole name as one", b.Vars)
	}
}
