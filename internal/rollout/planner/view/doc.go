// Package view is what one round knows: what is declared, what is remembered, what was read, and what follows from these. A view is passed
// by value, and nothing here changes it.
package view
