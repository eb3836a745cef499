package azuresim

import (
	"strings"
	"time"
)

// apiVersion is a date, and possibly "-preview", that clients ask for.
type apiVersion string

// etagVersion is the first whose scale sets and instances have etags (azure-facts §1.1).
const etagVersion = "2023-09-01"

// oldestCompute is the oldest api-version of the compute provider that is served.
const oldestCompute = "2020-06-01"

// since says whether the version is that of a date or newer; dates compare as text.
func (v apiVersion) since(date string) bool { return string(v) >= date }

func (v apiVersion) valid() bool {
	date, _ := strings.CutSuffix(string(v), "-preview")
	_, err := time.Parse(time.DateOnly, date)
	return err == nil
}

// armTime is how the compute provider writes times.
func armTime(t time.Time) string {
	return string(appendARMTime(nil, t))
}

func appendARMTime(out []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(out, "2006-01-02T15:04:05.9999999+00:00")
}
