// Package web is a fixture.
package web

import "time"

// Config is how the shop listens.
type Config struct {
	// Address is where the shop listens, host and port. An empty host means
	// all | every one.
	Address string `yaml:"listen_address"`
	// Timeout ends a request that takes longer.
	Timeout time.Duration `yaml:"timeout"`
	// TLS turns on encryption.
	TLS *TLS `yaml:"tls"`
}

type (
	// TLS is a key pair.
	TLS struct {
		Cert string `yaml:"cert"` // file of the certificate
	}
)
