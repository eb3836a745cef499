package azure

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// slowCredential takes its time.
type slowCredential time.Duration

func (c slowCredential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	time.Sleep(time.Duration(c))
	return staticCredential{}.GetToken(ctx, o)
}

// unfired is a context whose deadline is over and whose timer has not fired yet, as in a process that was stopped until a moment ago.
type unfired struct{ context.Context }

func (c unfired) Deadline() (time.Time, bool) { return time.Now().Add(-time.Second), true }

// TestEffectsAreNotSentLate: an effect that a token kept waiting, or whose deadline is over, is not sent, and is known not to be.
func TestEffectsAreNotSentLate(t *testing.T) {
	metric.Fault(t, 9)
	for name, tc := range map[string]struct {
		token time.Duration
		ctx   context.Context
		sent  bool
	}{
		"in time":                          {time.Second, context.Background(), true},
		"the token took too long":          {6 * time.Second, context.Background(), false},
		"stopped until after its deadline": {0, unfired{context.Background()}, false},
	} {
		for effect, begin := range effects {
			t.Run(name+"/"+effect, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					sent := 0
					a := newAdapter(t, Options{Endpoint: "https://arm.example", Credential: slowCredential(tc.token),
						Transport: transport(func(r *http.Request) (*http.Response, error) {
							sent++
							return &http.Response{StatusCode: http.StatusNotFound, Status: "404", Body: http.NoBody, Header: http.Header{}, Request: r}, nil
						})})
					_, err := begin(tc.ctx, a)
					p := problemOf(t, err)
					if (sent > 0) != tc.sent {
						t.Errorf("sent %d times: %v", sent, p)
					}
					if !tc.sent && (p.Kind != rollout.KindTransient || !strings.Contains(p.Message, "nothing was sent")) {
						t.Errorf("problem %+v, want one that says that nothing was sent", p)
					}
				})
			})
		}
	}
}
