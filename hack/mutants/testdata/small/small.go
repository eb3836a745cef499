// Package small has one mutant of each kind, for the test of the command.
package small

// Steps are applied in order.
var Steps = []func(int) int{double, increment}

func double(n int) int    { return n + n }
func increment(n int) int { return n - -1 }

// Within returns whether n is at least low and below high.
func Within(n, low, high int) bool {
	return n >= low && n < high
}

// Count counts what is within.
func Count(all []int, low, high int) int {
	count, seen := 0, 0
	for _, n := range all {
		seen++
		if Within(n, low, high) {
			count++
		}
	}
	_ = seen
	return count
}
