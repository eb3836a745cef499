package small

import "testing"

func TestSmall(t *testing.T) {
	n := 5
	for _, step := range Steps {
		n = step(n)
	}
	if n != 11 {
		t.Errorf("got %d", n)
	}
	// No number is as large as high, so that "<" may be "<=".
	if got := Count([]int{1, 2, 3, 9}, 2, 5); got != 2 {
		t.Errorf("counted %d", got)
	}
}
