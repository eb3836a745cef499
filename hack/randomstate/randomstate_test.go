package randomstate_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/randomstate"
)

// TestGeneratorIsComplete: a field that the state gains later is generated too, or the properties say nothing about it.
func TestGeneratorIsComplete(t *testing.T) {
	g := randomstate.New(uint64(time.Now().UnixNano()))
	filled := map[string]bool{}
	for range 100 {
		noteFields(filled, reflect.ValueOf(g.State()))
	}
	for field, isFilled := range filled {
		if !isFilled {
			t.Errorf("%s is never generated", field)
		}
	}
}

// noteFields notes of every field below v whether it was ever other than zero.
func noteFields(filled map[string]bool, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			noteFields(filled, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			noteFields(filled, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				name := v.Type().Name() + "." + v.Type().Field(i).Name
				filled[name] = filled[name] || !v.Field(i).IsZero()
				noteFields(filled, v.Field(i))
			}
		}
	default:
	}
}
