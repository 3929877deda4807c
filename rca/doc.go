// Package rca ranks the changes that may have caused an incident.
package rca
