// Package template finds the template of each line of a log while it arrives.
package template
