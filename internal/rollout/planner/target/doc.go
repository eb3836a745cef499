// Package target knows the kinds of target: what each declares, how a model and an instance show it, how it is written, and how it is put
// back.
//
// The fingerprint of a target consists of what it declares. What it does not declare is neither compared nor written.
package target
