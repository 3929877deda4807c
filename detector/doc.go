// Package detector learns what is normal for every series while its samples
// are written, and says of each sample how odd it is.
package detector
