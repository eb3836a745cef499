package main

import (
	"bufio"
	_ "embed"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// equivalentText lists the mutants that change nothing which a caller can see: a mutant a line, and below it, indented, the reason.
//
//go:embed equivalent.txt
var equivalentText string

// reasons reads such a list. The key is the mutant as site.key writes it.
func reasons(text string) (map[string]string, error) {
	found, last := map[string]string{}, ""
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case !strings.HasPrefix(line, "\t"):
			if _, twice := found[line]; twice {
				return nil, fmt.Errorf("the mutant %q is listed twice", line)
			}
			last = line
			found[last] = ""
		case last == "":
			return nil, fmt.Errorf("the reason %q belongs to no mutant", line)
		default:
			found[last] = strings.TrimSpace(found[last] + " " + strings.TrimSpace(line))
		}
	}
	for mutant, reason := range found {
		if reason == "" {
			return nil, fmt.Errorf("the mutant %q has no reason", mutant)
		}
	}
	return found, lines.Err()
}

// place is where a survivor was found: its line, which changes when other code moves, and before it the name of the campaign.
var place = regexp.MustCompile(`^(?:\w+ )?(\S+\.go):\d+ `)

// again keeps the mutants that a list of survivors names; their lines may have changed since.
func again(sites []site, file string) ([]site, error) {
	if file == "" {
		return sites, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the survivors: %w", err)
	}
	wanted := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		wanted[place.ReplaceAllString(strings.TrimSpace(line), "$1 ")] = true
	}
	var list []site
	for _, s := range sites {
		if wanted[s.key()] {
			list = append(list, s)
		}
	}
	return list, nil
}
