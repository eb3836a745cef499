package azuresim

import (
	"net/http"
	"strings"
	"unicode"
)

// Names in a path become part of links and headers of the answer, so the resource manager refuses what is no name before anybody looks for it.

// longestPath is the longest path that is looked at.
const longestPath = 8 << 10

func checkNames(r *request) *armError {
	if len(r.path) > longestPath {
		return refuse(http.StatusRequestURITooLong, "RequestUriTooLong", "The request URI is too long.").fromGateway()
	}
	if sub := r.args["sub"]; strings.ContainsFunc(sub, isNotIn("-")) || len(sub) > 64 {
		return refuse(http.StatusBadRequest, "InvalidSubscriptionId",
			"The provided subscription identifier '%s' is malformed or invalid.", sub).fromGateway()
	}
	if group := r.args["group"]; strings.ContainsFunc(group, isNotIn("-_.()")) || len(group) > 90 {
		return refuse(http.StatusBadRequest, "InvalidResourceGroup",
			"The provided resource group name '%s' is invalid. The name can only be of letters, digits, '-', '.', '(', ')' and '_', at most 90.",
			group).fromGateway()
	}
	if location, named := r.args["location"]; named {
		return checkLocation(location)
	}
	return nil
}

// isNotIn says of a character whether it is neither a letter nor a digit nor one of some others.
func isNotIn(others string) func(rune) bool {
	return func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune(others, c)
	}
}

// checkLocation refuses what cannot be the name of a region.
func checkLocation(location string) *armError {
	if location == "" {
		return refuse(http.StatusBadRequest, "LocationRequired", "The location property is required for this definition.").fromGateway()
	}
	if len(location) > 64 || strings.ContainsFunc(location, func(c rune) bool { return c > unicode.MaxASCII || isNotIn(" ()-")(c) }) {
		return refuse(http.StatusBadRequest, "LocationNotAvailableForResourceType",
			"The provided location '%s' is not available for resource type 'Microsoft.Compute/virtualMachineScaleSets'.", location).fromGateway()
	}
	return nil
}
