package app

import (
	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// Last returns the live detector's word on the newest judged sample of a series.
func (c *Core) Last(l labels.Labels) (detector.Verdict, bool) { return c.bank.Last(c.bank.Register(l)) }

// BankForTest returns the live detector.
func (c *Core) BankForTest() *detector.Bank { return c.bank }
