package azuresim

import (
	"io"
	"net/http"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
)

// How long a client may take to send a body, and to fetch an answer; each is far more than the largest takes over a slow line.
const (
	sendingTime  = 30 * time.Second
	fetchingTime = 60 * time.Second
)

// readPatiently reads a body, and limitFetching begins an answer. Both end a connection that is too slow, so that a client cannot hold up
// the simulator by sending or reading little by little. A server that has no deadlines, as in some tests, does without.
func readPatiently(w http.ResponseWriter, body io.ReadCloser) ([]byte, error) {
	controller := http.NewResponseController(w)
	_ = controller.SetReadDeadline(time.Now().Add(sendingTime)) // see above
	read, err := io.ReadAll(http.MaxBytesReader(w, body, arm.MaxBody))
	_ = controller.SetReadDeadline(time.Time{}) // what follows may take as long as a fault says
	return read, err
}

func limitFetching(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(fetchingTime)) // see above
}
