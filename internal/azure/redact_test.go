package azure

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"see https://aka.ms/activitylog for more":                          "see https://aka.ms/activitylog for more",
		"GET https://s.blob.core.windows.net/a/b.sh?sv=1&sig=abc%2F= went": "GET https://s.blob.core.windows.net/a/b.sh?REDACTED went",
		"sig=abcdef&se=2026":                         "sig=REDACTED&se=2026",
		"Authorization: Bearer abc.def-ghi_jkl":      "Authorization: Bearer REDACTED",
		"token eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.abc-_d": "token REDACTED",
		"https://me:pw@host/x":                       "https://REDACTED@host/x",
		`{"password": "hunter2", "user": "me"}`:      `{"password": "REDACTED", "user": "me"}`,
		"AccountKey=abc==;EndpointSuffix=x":          "AccountKey=REDACTED;EndpointSuffix=x",
		"command terminated with exit status=1":      "command terminated with exit status=1",
		"the secret is xyzzy":                        "the REDACTED is REDACTED",
	} {
		if got := redact(in, "xyzzy", "secret"); got != want {
			t.Errorf("%s\nwant %s\n got %s", in, want, got)
		}
	}
}

func TestCleanIsOneBoundedLine(t *testing.T) {
	got := clean("a\r\n\tb\u0000c\u202Ed\xff", 100)
	if got != "a b cd\uFFFD" {
		t.Errorf("got %q", got)
	}
	long := strings.Repeat("é€ ", 50)
	for limit := 3; limit < 40; limit++ {
		for _, s := range []string{clean(long, limit), tail(long, limit), failure(long+"[stderr]"+long, 10*limit)} {
			if len(s) > 10*limit || !utf8.ValidString(s) {
				t.Errorf("limit %d: %q", limit, s)
			}
		}
		if got := clean(long, limit); len(got) > limit {
			t.Errorf("limit %d: %q", limit, got)
		}
		if got := tail(long, limit); len(got) > limit {
			t.Errorf("limit %d: %q", limit, got)
		}
	}
}

func TestFailureKeepsTheEndOfStderr(t *testing.T) {
	raw := "Enable failed: exit status=1\n[stdout]\n" + strings.Repeat("o", 5000) + "\n[stderr]\n" + strings.Repeat("e", 5000) + "\nlast words"
	got := failure(raw, failureLimit)
	if len(got) > failureLimit || !strings.HasPrefix(got, "Enable failed: exit status=1 [stderr] …") || !strings.HasSuffix(got, "e last words") {
		t.Errorf("%d bytes: %s", len(got), got)
	}
	if strings.Contains(got, "ooo") {
		t.Error("stdout is not to be shown")
	}
	if got := failure("Enable failed: exit status=1\n[stdout]\n\n[stderr]\n", failureLimit); got != "Enable failed: exit status=1" {
		t.Errorf("got %q", got)
	}
	if got := failure("[stdout]\nx\n[stderr]\ny", failureLimit); got != "[stderr] y" {
		t.Errorf("got %q", got)
	}
}

func TestSecretsIn(t *testing.T) {
	got := secretsIn(map[string]any{"a": "run --key=longsecret now", "b": []any{"longsecret", 5, nil, "tiny"}})
	if len(got) != 2 || got[0] != "run --key=longsecret now" || got[1] != "longsecret" {
		t.Errorf("got %q", got)
	}
	if secretsIn(nil) != nil {
		t.Error("nothing has no secrets")
	}
}
