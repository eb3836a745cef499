package modelcheck

import (
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestFormsAreOfFields: a form of a field that is no more, or that is written whole with what it is in, says nothing.
func TestFormsAreOfFields(t *testing.T) {
	unused := maps.Clone(forms)
	var visit func(reflect.Type)
	visit = func(typ reflect.Type) {
		switch {
		case typ == reflect.TypeFor[time.Time]():
		case typ.Kind() == reflect.Slice, typ.Kind() == reflect.Pointer:
			visit(typ.Elem())
		case typ.Kind() == reflect.Struct:
			for n := range typ.NumField() {
				name := typ.Name() + "." + typ.Field(n).Name
				delete(unused, name)
				if forms[name] == nil {
					visit(typ.Field(n).Type)
				}
			}
		}
	}
	visit(reflect.TypeFor[rollout.State]())
	for _, name := range slices.Sorted(maps.Keys(unused)) {
		t.Errorf("there is a form for %s, which is no field that is written by itself", name)
	}
}

// TestEveryFieldIsWritten: a state differs from another one in its key if any field without a form differs.
func TestEveryFieldIsWritten(t *testing.T) {
	c := configs()[0]
	s := c.first()
	plain, _ := c.keyOf(&s, nil)
	tried := 0
	var visit func(path string, v reflect.Value)
	visit = func(path string, v reflect.Value) {
		for n := range v.NumField() {
			field, name := v.Field(n), v.Type().Name()+"."+v.Type().Field(n).Name
			before := reflect.ValueOf(field.Interface())
			switch {
			case forms[name] != nil:
				continue
			case field.Type() == reflect.TypeFor[time.Time]():
				field.Set(reflect.ValueOf(s.world.at().Add(-time.Minute)))
			case field.Kind() == reflect.Struct:
				visit(path+"."+v.Type().Field(n).Name, field)
				continue
			case field.Kind() == reflect.Slice:
				field.Set(reflect.MakeSlice(field.Type(), 1, 1))
			case field.Kind() == reflect.Pointer:
				field.Set(reflect.New(field.Type().Elem()))
				visit(path+"."+v.Type().Field(n).Name, field.Elem())
			case field.Kind() == reflect.String:
				field.SetString("other")
			case field.Kind() == reflect.Bool:
				field.SetBool(true)
			default:
				field.SetInt(int64(time.Hour))
			}
			tried++
			if changed, _ := c.keyOf(&s, nil); changed == plain {
				t.Errorf("%s.%s is not written", path, v.Type().Field(n).Name)
			}
			field.Set(before)
		}
	}
	visit("State", reflect.ValueOf(&s.memory).Elem())
	if tried < 40 {
		t.Errorf("%d fields were tried, fewer than there are", tried)
	}
}
