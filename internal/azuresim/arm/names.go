package arm

import (
	"net/http"
	"strings"
	"unicode"
)

// Names in a path become part of links and headers of the answer. So the resource manager refuses an invalid name before any lookup.

// LongestPath is the longest path that is looked at.
const LongestPath = 8 << 10

// CheckNames refuses a path with names that cannot be.
func CheckNames(r *Request) *Error {
	if len(r.Path) > LongestPath {
		return Refuse(http.StatusRequestURITooLong, "RequestUriTooLong", "The request URI is too long.").FromGateway()
	}
	if sub := r.Args["sub"]; strings.ContainsFunc(sub, isNotIn("-")) || len(sub) > 64 {
		return Refuse(http.StatusBadRequest, "InvalidSubscriptionId",
			"The provided subscription identifier '%s' is malformed or invalid.", sub).FromGateway()
	}
	if group := r.Args["group"]; strings.ContainsFunc(group, isNotIn("-_.()")) || len(group) > 90 {
		return Refuse(http.StatusBadRequest, "InvalidResourceGroup",
			"The provided resource group name '%s' is invalid. The name can only be of letters, digits, '-', '.', '(', ')' and '_', at most 90.",
			group).FromGateway()
	}
	if location, named := r.Args["location"]; named {
		return CheckLocation(location)
	}
	return nil
}

// isNotIn says of a character whether it is neither a letter nor a digit nor one of some others.
func isNotIn(others string) func(rune) bool {
	return func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune(others, c)
	}
}

// CheckLocation refuses what cannot be the name of a region.
func CheckLocation(location string) *Error {
	if location == "" {
		return Refuse(http.StatusBadRequest, "LocationRequired", "The location property is required for this definition.").FromGateway()
	}
	if len(location) > 64 || strings.ContainsFunc(location, func(c rune) bool { return c > unicode.MaxASCII || isNotIn(" ()-")(c) }) {
		return Refuse(http.StatusBadRequest, "LocationNotAvailableForResourceType",
			"The provided location '%s' is not available for resource type 'Microsoft.Compute/virtualMachineScaleSets'.", location).FromGateway()
	}
	return nil
}

// NormalLocation is the name of a region as it is compared.
func NormalLocation(l string) string { return strings.ToLower(strings.ReplaceAll(l, " ", "")) }
