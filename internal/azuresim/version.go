package azuresim

// apiVersion is a date, and possibly "-preview", that clients ask for.
type apiVersion string

// etagVersion is the first whose scale sets and instances have etags (azure-facts §1.1).
const etagVersion = "2023-09-01"

// oldestCompute is the oldest api-version of the compute provider that is served.
const oldestCompute = "2020-06-01"

// since says whether the version is that of a date or newer; dates compare as text.
func (v apiVersion) since(date string) bool { return string(v) >= date }

func (v apiVersion) valid() bool {
	if len(v) < len("2006-01-02") {
		return false
	}
	for i, c := range string(v[:10]) {
		isDash := i == 4 || i == 7
		if isDash != (c == '-') || (!isDash && (c < '0' || c > '9')) {
			return false
		}
	}
	return len(v) == 10 || v[10:] == "-preview"
}
