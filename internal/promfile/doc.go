// Package promfile reads configuration files of Prometheus with Prometheus' own
// loader, so that they mean what they mean there, and says what is wrong with
// them as the rest of the configuration does: every error with its file and line.
//
// In goes the text of a file, out comes a *config.Config of Prometheus. Parse
// reads a whole prometheus.yml; Inline reads the sections of tocsin.yml that are
// Prometheus' own; ScrapeFile reads what `scrape_config_files` name. Which kinds of
// service discovery are known is settled by what the program imports; see
// ingest/scrape. The package opens no file and no connection.
package promfile
