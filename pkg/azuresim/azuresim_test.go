package azuresim_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/pkg/azuresim"
)

// TestServer: the time begins where it was told to and moves forward only, the control endpoint's refusals are errors, other processes can
// call by HTTP, and a closed simulation answers nothing.
func TestServer(t *testing.T) {
	begins, log := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), &bytes.Buffer{}
	azure := azuresim.New(azuresim.Options{Now: begins, Logger: slog.New(slog.NewTextHandler(log, nil))})
	azure.Advance(time.Hour)
	azure.Advance(-time.Minute)
	if got := azure.Now(); !got.Equal(begins.Add(time.Hour)) {
		t.Errorf("it is %s", got)
	}
	for path, says := range map[string]string{"/instances?scaleSet=" + set: "does not exist", "/other": "is no request"} {
		if err := azure.Control(t.Context(), http.MethodGet, path, nil, nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("GET %s: %v", path, err)
		}
	}
	var calls []struct{ Path string }
	get := func(path string) (int, string) {
		t.Helper()
		outside := httptest.NewServer(azure.Handler())
		defer outside.Close()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, outside.URL+path+"?api-version=2026-04-01", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer any")
		answer, err := outside.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(text)
	}
	status, text := get(strings.Replace(set, "virtualMachineScaleSets/web", "disks/data", 1))
	if err := azure.Control(t.Context(), http.MethodGet, "/unsimulated", nil, &calls); err != nil {
		t.Fatal(err)
	}
	if status != http.StatusNotFound || len(calls) != 1 || !strings.Contains(log.String(), "not simulated") {
		t.Errorf("disks: %d %s, listed %v, log %s", status, text, calls, log)
	}
	azure.Close()
	if status, text := get(set); status != http.StatusServiceUnavailable {
		t.Errorf("a closed simulation answers %d %s", status, text)
	}
}
