package azuresim

import (
	"net/http"
	"strings"
)

// checkEtag checks a request's conditions against a stored etag; empty: there is no such resource.
func checkEtag(r *request, stored string) *armError {
	if !r.version.since(etagVersion) {
		return nil
	}
	if match := r.header.Get("If-Match"); match != "" && !etagMatches(match, stored) {
		if stored == "" {
			stored = `""`
		}
		return preconditionFailed(strings.Trim(match, `"`), stored)
	}
	if none := r.header.Get("If-None-Match"); none != "" && etagMatches(none, stored) {
		return refuse(http.StatusPreconditionFailed, "PreconditionFailed",
			`Etag provided in if-none-match header "%s" matches etag %s of resource.`, strings.Trim(none, `"`), stored)
	}
	return nil
}

func etagMatches(given, stored string) bool {
	if stored == "" {
		return false
	}
	return given == "*" || strings.Trim(given, `"`) == strings.Trim(stored, `"`)
}
