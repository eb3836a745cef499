package arm

import (
	"net/url"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
)

// TestErrorsAreBounded holds what is kept of an error that the bounds of its bytes let through.
func TestErrorsAreBounded(t *testing.T) {
	metric.Fault(t, 24)
	count := func(a answer) (n int) {
		var walk func(answer)
		walk = func(a answer) {
			n++
			for _, d := range a.Details {
				walk(d)
			}
		}
		walk(a)
		return n
	}
	wide := `{"error":{"code":"Conflict","message":"x","details":[` +
		strings.TrimSuffix(strings.Repeat(`{"code":"c","message":"m"},`, 4000), ",") + `]}}`
	deep := strings.Repeat(`{"code":"c","details":[`, 2000) + strings.Repeat(`]}`, 2000)
	// The first detail's own details are as many as are read of the whole answer, so that none is left for the second.
	second := `{"error":{"code":"Conflict","details":[{"code":"c","details":[` +
		strings.TrimSuffix(strings.Repeat(`{"code":"c"},`, maxDetails), ",") + `]},{"code":"second","details":[{"code":"c"}]}]}}`
	for name, body := range map[string]string{"wide": wide, "deep": deep, "second": second} {
		if n := count(parseAnswer([]byte(body))); n > 1+maxDetails {
			t.Errorf("%s: %d errors are kept", name, n)
		}
	}
	secret := strings.Repeat("a word of a secret ", 4000)
	a := parseAnswer([]byte(`{"error":{"code":"Conflict","message":"` + secret + `"}}`))
	if strings.Contains(a.text(), "secret") || !strings.Contains(a.text(), "bytes") {
		t.Errorf("of a text that is too long %d bytes are kept", len(a.text()))
	}
}

func TestLinkedRefusalNamesTheMissingPermission(t *testing.T) {
	a := answer{
		Message: "has permission to perform action 'a/write' on scope '/a'; however, it does not have permission to perform action(s) " +
			"'Microsoft.Compute/images/read' on the linked scope(s) '/b'",
	}
	if got := a.action(); got != "Microsoft.Compute/images/read" {
		t.Errorf("got %q", got)
	}
}

// TestNoAnswer: where nothing was answered, no time is told.
func TestNoAnswer(t *testing.T) {
	if RetryAfter(nil) != 0 || !AnsweredAt(nil).IsZero() {
		t.Error("no answer asks for nothing")
	}
}

func TestSameOrigin(t *testing.T) {
	endpoint, err := url.Parse("https://management.azure.com")
	if err != nil {
		t.Fatal(err)
	}
	for s, want := range map[string]bool{
		"https://management.azure.com/x?y":            true,
		"https://MANAGEMENT.azure.com:443/":           true,
		"http://management.azure.com/":                false,
		"https://management.azure.com:8443/":          false,
		"https://management.azure.com.evil.example/":  false,
		"https://management.azure.com@evil.example/":  false,
		"https://user:pw@management.azure.com/":       false,
		"//management.azure.com/":                     false,
		"/relative":                                   false,
		"https:management.azure.com":                  false,
		"https://evil.example/?https://management.az": false,
	} {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := SameOrigin(u, endpoint); got != want {
			t.Errorf("%s: want %v", s, want)
		}
	}
}
