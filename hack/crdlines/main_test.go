package main

import (
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestUnwrapped: a wrapped text is one line, and so is a list of words. A text of several lines keeps them. Nothing that the file means
// changes.
func TestUnwrapped(t *testing.T) {
	text := `---
spec:
  description: the share of the eligible instances
    that may have the target
  example: |-
    first
    second
  validations:
  - message: 'a rule: it has
      a colon'
    rule: self > 0
  enum:
  - "1"
  - "true"
`
	got, err := unwrapped([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var before, after any
	if err := yaml.Unmarshal([]byte(text), &before); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(got, &after); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(before, after) {
		t.Errorf("before %v, after %v", before, after)
	}
	for _, line := range []string{
		"---\nspec:\n", "  description: the share of the eligible instances that may have the target\n", "    second\n",
		"  - {message: 'a rule: it has a colon', rule: self > 0}\n",
		"  enum: [\"1\", \"true\"]\n",
	} {
		if !strings.Contains(string(got), line) {
			t.Errorf("%q is not in\n%s", line, got)
		}
	}
	if again, err := unwrapped(got); err != nil || string(again) != string(got) {
		t.Errorf("a second time it is\n%s\n%v", again, err)
	}
	if _, err := unwrapped([]byte("a: [")); err == nil {
		t.Error("no error for what is no YAML")
	}
}
