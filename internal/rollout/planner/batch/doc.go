// Package batch chooses which instances are next, and how many at once.
package batch
