package main

import "slices"

// expected are the rows that each letter's script has to show, each of them a line of the walkthrough.
var expected = map[string][]string{
	"a": {"A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9"},
	"b": {"B1", "B2", "B3"},
	"d": {"D1", "D2", "D3", "D4"},
}

// judge completes what a letter's script has shown: a row that is missing has failed, whatever became of it. ended is how the script
// did. It fails where a row does, which is no error here, since the report counts that; whatever else it fails for is one.
func judge(letter string, shown []row, ended error) ([]row, error) {
	rows := slices.Clone(shown)
	for _, name := range expected[letter] {
		if !slices.ContainsFunc(shown, func(r row) bool { return r.name == name }) {
			rows = append(rows, row{name: name, seen: "nothing: the row was not shown"})
		}
	}
	if slices.ContainsFunc(shown, func(r row) bool { return !r.passed }) {
		return rows, nil
	}
	return rows, ended
}
