// Command subjects checks the subjects of commits: those since the branch left origin/main, or else the last 20. A subject is imperative,
// at most 60 characters long, and is understood without the change.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// longest is how many characters a subject may have.
	longest = 60
	// newest is how many commits are checked where there is no branch to compare with.
	newest = 20
	// base is the branch that changes are meant for.
	base = "origin/main"
	// updater writes subjects of its own.
	updater = "dependabot[bot]"
)

func main() {
	if err := run(os.Stdout, "."); err != nil {
		fmt.Fprintln(os.Stderr, "subjects:", err)
		os.Exit(1)
	}
}

// hasHistory returns whether there is a commit to look at.
func hasHistory(dir string) bool {
	_, err := git(dir, "rev-parse", "HEAD")
	return err == nil
}

// run checks the subjects of the repository in the directory.
func run(out io.Writer, dir string) error {
	if !hasHistory(dir) {
		fmt.Fprintln(out, "SKIPPED: no subject of a commit was checked, since there is no history of git here")
		return nil
	}
	subjects, since, err := subjects(dir)
	if err != nil {
		return err
	}
	if shallow, err := git(dir, "rev-parse", "--is-shallow-repository"); err == nil && shallow == "true" {
		fmt.Fprintf(out, "NOT ALL: this clone is shallow; of its history, %d subjects can be checked\n", len(subjects))
	}
	wrong := 0
	for _, subject := range subjects {
		for _, complaint := range complaints(subject) {
			wrong++
			fmt.Fprintf(out, "%q: %s\n", subject, complaint)
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d complaints about %d subjects %s; to change them: git rebase -i", wrong, len(subjects), since)
	}
	fmt.Fprintf(out, "subjects: %d %s are well\n", len(subjects), since)
	return nil
}

// subjects returns the subjects to check, and which they are. Merges have subjects of git's own.
func subjects(dir string) ([]string, string, error) {
	if fork, err := git(dir, "merge-base", base, "HEAD"); err == nil {
		if own, err := logged(dir, fork+"..HEAD"); err != nil || len(own) > 0 {
			return own, "since " + base, err
		}
	}
	last, err := logged(dir, fmt.Sprintf("--max-count=%d", newest))
	return last, "last written", err
}

func logged(dir, which string) ([]string, error) {
	log, err := git(dir, "log", "--no-merges", "--format=%an%x09%s", which)
	if err != nil {
		return nil, fmt.Errorf("reading the subjects of commits: %w", err)
	}
	var found []string
	for line := range strings.Lines(log) {
		author, subject, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if author != updater && subject != "" {
			found = append(found, subject)
		}
	}
	return found, nil
}

func git(dir string, arguments ...string) (string, error) {
	out, err := exec.Command("git", append([]string{"-C", dir}, arguments...)...).Output()
	return strings.TrimSpace(string(out)), err
}

// imperatives are verbs that look like another form of one.
var imperatives = []string{
	"bring", "bypass", "embed", "exceed", "feed", "focus", "need", "ping", "proceed", "seed", "speed", "spring", "string", "swing",
}

// tools are names that tell how a change was made, not what it is.
var tools = regexp.MustCompile(`(?i)\b(?:gofmt|gofumpt|goimports|golines|golangci-lint|copilot|chatgpt|claude|cursor|aider)\b`)

// complaints returns what is wrong with a subject.
func complaints(subject string) []string {
	var found []string
	if n := utf8.RuneCountInString(subject); n > longest {
		found = append(found, fmt.Sprintf("it has %d characters, and %d are the most", n, longest))
	}
	if strings.HasSuffix(subject, ".") {
		found = append(found, "it ends with a period")
	}
	first, _, _ := strings.Cut(subject, " ")
	if r, _ := utf8.DecodeRuneInString(first); !unicode.IsUpper(r) {
		found = append(found, "it does not begin with a capital letter")
	}
	if !isImperative(strings.ToLower(first)) {
		found = append(found, fmt.Sprintf("%q is no imperative: write what the commit does, as in Add, Keep, Refuse", first))
	}
	if tool := tools.FindString(subject); tool != "" {
		found = append(found, fmt.Sprintf("it names the tool %s, not the change", tool))
	}
	return found
}

func isImperative(word string) bool {
	if slices.Contains(imperatives, word) {
		return true
	}
	other := strings.HasSuffix(word, "ed") || strings.HasSuffix(word, "ing") || strings.HasSuffix(word, "s") && !strings.HasSuffix(word, "ss")
	return !other && !strings.ContainsAny(word, ":()")
}
