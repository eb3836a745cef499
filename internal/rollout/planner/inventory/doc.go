// Package inventory sorts the instances of a scale set by what they have of a target, and judges their health. No other package does.
package inventory
