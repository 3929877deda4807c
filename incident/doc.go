// Package incident folds alerts and anomalies of one service into incidents.
package incident
