// Package amfile reads configuration files of Alertmanager with Alertmanager's own
// loader, so that they mean what they mean there and what amtool check-config
// accepts is accepted, and says what is wrong with them as the rest of the
// configuration does: every error with its file and line.
//
// In goes the text of a file, out comes a *config.Config of Alertmanager. Parse
// reads a whole alertmanager.yml; Inline reads the sections of tocsin.yml that are
// Alertmanager's own. Its `global` is called alertmanager_global there, because
// prometheus.yml has a `global` too. The package opens no file but those of the
// templates, and no connection.
package amfile
