package arm

import (
	"net/http"
	"strings"
)

// CheckEtag checks a request's conditions against a stored etag; empty: there is no such resource.
func CheckEtag(r *Request, stored string) *Error {
	if !r.Version.Since(EtagVersion) {
		return nil
	}
	if match := r.Header.Get("If-Match"); match != "" && !EtagMatches(match, stored) {
		if stored == "" {
			stored = `""`
		}
		return preconditionFailed(strings.Trim(match, `"`), stored)
	}
	if none := r.Header.Get("If-None-Match"); none != "" && EtagMatches(none, stored) {
		return Refuse(http.StatusPreconditionFailed, "PreconditionFailed",
			`Etag provided in if-none-match header "%s" matches etag %s of resource.`, strings.Trim(none, `"`), stored)
	}
	return nil
}

// EtagMatches is true where a condition names the stored etag.
func EtagMatches(given, stored string) bool {
	if stored == "" {
		return false
	}
	return given == "*" || strings.Trim(given, `"`) == strings.Trim(stored, `"`)
}
