package convert

import (
	"math"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// count is n as the API holds it. Nothing that is counted here comes near its bounds.
func count(n int) int32 { return int32(min(max(n, 0), math.MaxInt32)) }

// floorTime is the second in which something happened, nil for the zero time.
func floorTime(at time.Time) *metav1.Time {
	if at.IsZero() {
		return nil
	}
	return &metav1.Time{Time: at.UTC().Truncate(time.Second)}
}

// ceilTime is the first full second at or after the time, nil for the zero time.
func ceilTime(at time.Time) *metav1.Time {
	down := floorTime(at)
	if down != nil && down.Time.Before(at) {
		down.Time = down.Add(time.Second)
	}
	return down
}

func durationOf(d *metav1.Duration, absent time.Duration) time.Duration {
	if d == nil {
		return absent
	}
	return d.Duration
}

func orDefault[T ~string](value, absent T) T {
	if value == "" {
		return absent
	}
	return value
}
