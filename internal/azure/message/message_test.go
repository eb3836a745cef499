package message

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCleanIsOneBoundedLine(t *testing.T) {
	got := Clean("a\r\n\tb\u0000c\u202Ed\xff", 100, nil)
	if got != "a b cd\uFFFD" {
		t.Errorf("got %q", got)
	}
	long := strings.Repeat("é€ ", 50)
	for limit := 3; limit < 40; limit++ {
		for _, s := range []string{Clean(long, limit, nil), Tail(long, limit), Failure(long+"[stderr]"+long, 10*limit, nil)} {
			if len(s) > 10*limit || !utf8.ValidString(s) {
				t.Errorf("limit %d: %q", limit, s)
			}
		}
		if got := Clean(long, limit, nil); len(got) > limit {
			t.Errorf("limit %d: %q", limit, got)
		}
		if got := Tail(long, limit); len(got) > limit {
			t.Errorf("limit %d: %q", limit, got)
		}
	}
}

func TestFailureKeepsTheEndOfStderr(t *testing.T) {
	raw := "Enable failed: exit status=1\n[stdout]\n" + strings.Repeat("o", 5000) + "\n[stderr]\n" + strings.Repeat("e", 5000) + "\nlast words"
	got := Failure(raw, FailureLimit, nil)
	if len(got) > FailureLimit || !strings.HasPrefix(got, "Enable failed: exit status=1 [stderr] …") ||
		!strings.HasSuffix(got, "e last words") {
		t.Errorf("%d bytes: %s", len(got), got)
	}
	if strings.Contains(got, "ooo") {
		t.Error("stdout is not to be shown")
	}
	if got := Failure("Enable failed: exit status=1\n[stdout]\n\n[stderr]\n", FailureLimit, nil); got != "Enable failed: exit status=1" {
		t.Errorf("got %q", got)
	}
	if got := Failure("[stdout]\nx\n[stderr]\ny", FailureLimit, nil); got != "[stderr] y" {
		t.Errorf("got %q", got)
	}
}

func TestTextsIn(t *testing.T) {
	got := TextsIn(map[string]any{"b": []any{"one", 5, nil, "two"}, "c": 1})
	if len(got) != 2 || got[0] != "one" || got[1] != "two" {
		t.Errorf("got %q", got)
	}
	if TextsIn(nil) != nil || len(TextsIn(map[string]any{"uris": []string{"one"}})) != 1 {
		t.Error("nothing has no texts, and a list has one")
	}
}
