// Package view holds the knowledge of one round: the declaration, the state, what was read, and what follows from these. A view is passed
// by value, and nothing here changes it.
package view
