// Package config is a fixture.
package config

import (
	"time"

	"github.com/tocsinhq/tocsin/internal/docgen/testdata/shop/web"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config is the whole configuration.
type Config struct {
	// Name of the shop.
	Name string `yaml:"name"`
	// Web is how the shop listens.
	Web web.Config `yaml:"web"`
	// Files are read for prices.
	Files []string `yaml:"price_files"`
	// Tills take the money.
	Tills []Till `yaml:"tills"`
	// Stock says by shelf what is there.
	Stock    map[string]Shelf `yaml:"stock"`
	Limits   `yaml:",inline"`
	Internal int `yaml:"-"`
	// Since is when the shop opened.
	Since time.Time `yaml:"since"`
	// Plain has no tag.
	Plain bool
	// Free takes what comes.
	Free   any `yaml:"free"`
	hidden int
}

// Limits are inline.
type Limits struct {
	// Memory is what the shop may use.
	Memory yamldoc.Bytes `yaml:"memory"`
	// Wait is the longest queue.
	Wait yamldoc.Duration `yaml:"wait"`
}

// Till is one till.
type Till struct {
	// Name is on the receipt.
	Name string `yaml:"name"`
	// Code opens it.
	Code yamldoc.Secret `yaml:"code"`
	// Float in coins.
	Float [3]float64 `yaml:"float"`
	// Next is the till behind.
	Next *Till `yaml:"next"`
}

// Shelf is one shelf.
type Shelf struct {
	// Pieces on it.
	Pieces int `yaml:"pieces"`
	// Prices of each thing.
	Prices map[string]float64 `yaml:",inline"`
}

// Silent has a field that nothing is said about.
type Silent struct {
	Known string `yaml:"known"` // is said
	Quiet string `yaml:"quiet"`
	Other Quiet  `yaml:"other"` // too
}

// Quiet is silent too.
type Quiet struct {
	Still int `yaml:"still"`
}

// Default returns the defaults.
func Default() Config {
	return Config{
		Name: "corner", Web: web.Config{Address: "127.0.0.1:80", Timeout: 90 * time.Second},
		Files: []string{"prices/*.yml"}, Tills: []Till{{Name: "first", Float: [3]float64{1, 0.5, 0}}},
		Stock:  map[string]Shelf{"top": {Pieces: 3}, "low": {}},
		Limits: Limits{Memory: 16 << 20, Wait: yamldoc.Duration(5 * time.Minute)},
	}
}
