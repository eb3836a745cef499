package main

import (
	"bytes"
	"strings"
	"testing"
)

const watchHeader = "NAME   STATUS        UPDATED   DESIRED   TOTAL   AGE   SCALESET   RUN   MESSAGE\n"

func TestProgress(t *testing.T) {
	progressing := "web    Progressing   0         1         3       7s    web        2     upgrading instance 0\n"
	for name, tc := range map[string]struct {
		printed string
		status  string
		shown   []string // what each line shown has
	}{
		"not looked at yet": {"web                                               0s    web              \n", "", nil},
		"age alone is no news": {
			progressing + strings.Replace(progressing, "7s", "8s", 1), "", []string{"Progressing", "upgrading instance 0"},
		},
		"another message": {
			progressing + strings.Replace(progressing, "instance 0", "instance 1", 1), "",
			[]string{"Progressing", "upgrading instance 0", "upgrading instance 1"},
		},
		"reached": {
			"web    CanaryReached   1         1         3       9s    web        2     1 of 3\n" + progressing, "CanaryReached",
			[]string{"CanaryReached", "1 of 3"},
		},
		"hopeless": {
			"web    Failed        0         1         3       9s    web        2     instance 0 failed\n", "Failed",
			[]string{"Failed", "instance 0 failed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			ended := false
			p := &progress{screen: &screen{out: &out}, want: "CanaryReached", end: func() { ended = true }}
			for _, b := range []byte(watchHeader + tc.printed) {
				if n, err := p.Write([]byte{b}); n != 1 || err != nil {
					t.Fatal(n, err)
				}
			}
			if p.status != tc.status || ended != (tc.status != "") {
				t.Errorf("got status %q, ended %v", p.status, ended)
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")[1:]
			if len(lines) != len(tc.shown) {
				t.Fatalf("got lines %q, want %q", lines, tc.shown)
			}
			for i, want := range tc.shown {
				if !strings.Contains(lines[i], want) {
					t.Errorf("got line %q, want %q", lines[i], want)
				}
			}
		})
	}
}
