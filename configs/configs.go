// Package configs holds the configuration files that ship with the program. A
// daemon that is given no file runs with the alert rules of this folder.
package configs

import _ "embed" // the shipped files

// Alerts is the text of alerts.yml.
//
//go:embed alerts.yml
var Alerts []byte
