package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

func TestComplaints(t *testing.T) {
	for subject, want := range map[string]string{
		"Keep a canary exposed after an outside edit": "",
		"Pass the lease on when the process ends":     "",
		"Bring the model back first":                  "",
		"Embed the time zones":                        "",
		"Added a gate":                                "no imperative",
		"Adding a gate":                               "no imperative",
		"Adds a gate":                                 "no imperative",
		"fix: the gate":                               "no imperative",
		"keep a canary":                               "capital letter",
		"Keep a canary.":                              "period",
		"Run golines over the tree":                   "names the tool golines",
		"Keep the canary that an outside edit exposed, and tell people of it all": "71 characters",
	} {
		if got := strings.Join(complaints(subject), "; "); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %q", subject, got, want)
		}
	}
}

// repository makes a repository with one commit for each subject.
func repository(t *testing.T, subjects ...string) string {
	t.Helper()
	dir := t.TempDir()
	do(t, dir, "init", "-q", "-b", "main")
	for _, subject := range subjects {
		commit(t, dir, "A person", subject)
	}
	return dir
}

func commit(t *testing.T, dir, author, subject string) {
	t.Helper()
	do(t, dir, "-c", "user.name="+author, "-c", "user.email=x@example.com", "commit", "-q", "--allow-empty", "-m", subject)
}

func do(t *testing.T, dir string, arguments ...string) {
	t.Helper()
	if out, err := exec.Command("git", append([]string{"-C", dir}, arguments...)...).CombinedOutput(); err != nil {
		t.Fatalf("git %q: %v\n%s", arguments, err, out)
	}
}

// TestRun: a branch answers for its own commits alone, and what cannot be checked is said.
func TestRun(t *testing.T) {
	branch := repository(t, "Was written long ago.")
	do(t, branch, "update-ref", "refs/remotes/origin/main", "HEAD")
	commit(t, branch, "A person", "Keep a canary")
	commit(t, branch, updater, "bumps a module with a very long name from a version to another version")

	shallow := t.TempDir()
	do(t, shallow, "clone", "-q", "--depth", "1", "--no-tags", "file://"+repository(t, "Adds a gate", "Keep a canary"), ".")

	for name, tc := range map[string]struct {
		dir, says string
		fails     bool
	}{
		"a branch":        {dir: branch, says: "subjects: 1 since origin/main"},
		"no branch":       {dir: repository(t, "Adds a gate", "Keep a canary"), says: `"Adds" is no imperative`, fails: true},
		"a shallow clone": {dir: shallow, says: "NOT ALL"},
		"no repository":   {dir: t.TempDir(), says: "SKIPPED"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := run(&out, tc.dir); (err != nil) != tc.fails || !strings.Contains(out.String(), tc.says) {
				t.Errorf("got %v and %q, want %q", err, out.String(), tc.says)
			}
		})
	}
}
