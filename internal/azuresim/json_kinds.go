package azuresim

import (
	"encoding/json"
	"slices"
)

func isString(v any) bool { _, ok := v.(string); return ok }

func isObject(v any) bool { _, ok := v.(object); return ok }

func isBool(v any) bool { _, ok := v.(bool); return ok }

func isNumber(v any) bool { _, ok := v.(json.Number); return ok }

func isStrings(v any) bool {
	list, isArray := v.([]any)
	return isArray && !slices.ContainsFunc(list, func(e any) bool { return !isString(e) })
}

func isObjects(v any) bool {
	list, isArray := v.([]any)
	return isArray && !slices.ContainsFunc(list, func(e any) bool { return !isObject(e) })
}
