package tree

import (
	"encoding/json"
	"slices"
)

// IsString is true for a string.
func IsString(v any) bool { _, ok := v.(string); return ok }

// IsObject is true for an object.
func IsObject(v any) bool { _, ok := v.(Object); return ok }

// IsBool is true for a boolean.
func IsBool(v any) bool { _, ok := v.(bool); return ok }

// IsNumber is true for a number.
func IsNumber(v any) bool { _, ok := v.(json.Number); return ok }

// IsStrings is true for an array of strings.
func IsStrings(v any) bool {
	list, isArray := v.([]any)
	return isArray && !slices.ContainsFunc(list, func(e any) bool { return !IsString(e) })
}

// IsObjects is true for an array of objects.
func IsObjects(v any) bool {
	list, isArray := v.([]any)
	return isArray && !slices.ContainsFunc(list, func(e any) bool { return !IsObject(e) })
}
