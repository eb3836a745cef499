package fleet

import (
	"net/http"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
)

// TestFaultConfig: a release with a fault behaves as its file says. Its answers are counted for Prometheus, and a fresh disk starts the
// count again.
func TestFaultConfig(t *testing.T) {
	f := startFleet(t, Options{})
	image := imageOf("page")
	image.Files[faultConfigFile] = []byte(`{"errorPercent": 5}`)
	f.Boot("a", image)
	codes := map[int]int{}
	for range 200 {
		code, _ := ask(t, hostOf(f.Address("a")), "/")
		codes[code]++
	}
	if codes[200] != 190 || codes[500] != 10 || len(codes) != 2 {
		t.Errorf("answered %v, want 10 of 200 by an error", codes)
	}
	const head = "# HELP http_requests_total Requests that the instance answered since it got its disk.\n# TYPE http_requests_total counter\n"
	wantPage(t, f, "/metrics", http.StatusOK, head+"http_requests_total{code=\"200\"} 190\nhttp_requests_total{code=\"500\"} 10\n")
	wantPage(t, f, "/metrics", http.StatusOK, head+"http_requests_total{code=\"200\"} 190\nhttp_requests_total{code=\"500\"} 10\n")

	f.Boot("a", imageOf("good"))
	wantPage(t, f, "/", http.StatusOK, "good")
	wantPage(t, f, "/metrics", http.StatusOK, head+"http_requests_total{code=\"200\"} 1\nhttp_requests_total{code=\"500\"} 0\n")
}

// TestFaultConfigThatIsNotValid are none, and a page of one's own comes before the counts.
func TestFaultConfigThatIsNotValid(t *testing.T) {
	f := startFleet(t, Options{})
	f.Boot("a", guest.Image{Files: map[string][]byte{"index.html": []byte("page"), "metrics": []byte("own"),
		faultConfigFile: []byte(`{"errorPercent": "all", "diesAfter`)}})
	wantPage(t, f, "/", http.StatusOK, "page")
	wantPage(t, f, "/metrics", http.StatusOK, "own")
}

// TestDeadProgram: the instance is up, and its program does not answer.
func TestDeadProgram(t *testing.T) {
	f := startFleet(t, Options{})
	image := imageOf("page")
	image.Files[faultConfigFile] = []byte(`{"diesAfter": "0s"}`)
	f.Boot("a", image)
	if response, err := http.Get("http://" + hostOf(f.Address("a"))); err == nil {
		response.Body.Close()
		t.Errorf("answered %s", response.Status)
	}
	image.Files[faultConfigFile] = []byte(`{"diesAfter": "1h"}`)
	f.Boot("a", image)
	wantPage(t, f, "/", http.StatusOK, "page")
}
