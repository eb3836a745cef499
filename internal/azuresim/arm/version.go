package arm

import (
	"strings"
	"time"
)

// APIVersion is a date, and possibly "-preview", that clients ask for.
type APIVersion string

// EtagVersion is the first whose scale sets and instances have etags (docs/azure.md §1.1).
const EtagVersion = "2023-09-01"

// OldestCompute is the oldest api-version of the compute provider that is served.
const OldestCompute = "2020-06-01"

// ComputeVersions are the api-versions of scale sets that are served, oldest first (docs/azure.md §1.1). Azure refuses other dates.
var ComputeVersions = []string{
	OldestCompute, "2020-12-01", "2021-03-01", "2021-04-01", "2021-07-01", "2021-11-01", "2022-03-01", "2022-08-01", "2022-11-01",
	"2023-03-01", "2023-07-01", "2023-09-01", "2024-03-01", "2024-07-01", "2024-11-01", "2025-04-01", "2025-11-01", "2026-04-01",
}

// Since reports whether the version is that of a date or newer; dates compare as text.
func (v APIVersion) Since(date string) bool { return string(v) >= date }

// Valid is true where the version is a date.
func (v APIVersion) Valid() bool {
	date, _ := strings.CutSuffix(string(v), "-preview")
	_, err := time.Parse(time.DateOnly, date)
	return err == nil
}

// FormatTime is how the compute provider writes times.
func FormatTime(t time.Time) string {
	return string(AppendTime(nil, t))
}

// AppendTime appends a time as the compute provider writes it.
func AppendTime(out []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(out, "2006-01-02T15:04:05.9999999+00:00")
}
