// Package modelcheck serves the core's tests and is not the core.
package modelcheck

type states struct{ a, b, c, d, e, f int }
