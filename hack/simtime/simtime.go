// Package simtime runs the real controller against the simulator in one process and in virtual time: real reconciler, real
// adapter, real SDK, simulated Azure, an API server in memory. Hours pass in milliseconds and every call is counted.
package simtime

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/go-logr/logr"
	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/controllers"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// World is one controller, one simulated Azure and one API server, sharing a clock that only Run moves.
type World struct {
	Clock      *kernel.ManualClock
	Azure      *azuresim.Server
	Kubernetes client.Client
	// Former is a status as an older controller wrote it. A read that names no Go type shows it until a status is written, as the API server
	// does; the fake one knows no fields but those of the types.
	Former     map[string]any
	Controller *controllers.VMSSRolloutReconciler
	Count      Count
}

// Count holds the numbers of requests to Azure and Kubernetes so far.
type Count struct {
	AzureReads, AzurePolls, AzureWrites int
	KubernetesWrites                    int
	Rounds                              int
	AzureTime                           time.Duration // sum of what ended operations took, by their own start and end times
}

// AzureCalls is every call, polls included.
func (c Count) AzureCalls() int { return c.AzureReads + c.AzurePolls + c.AzureWrites }

// Minus returns the requests since an earlier count.
func (c Count) Minus(o Count) Count {
	return Count{
		AzureReads: c.AzureReads - o.AzureReads, AzurePolls: c.AzurePolls - o.AzurePolls, AzureWrites: c.AzureWrites - o.AzureWrites,
		KubernetesWrites: c.KubernetesWrites - o.KubernetesWrites, Rounds: c.Rounds - o.Rounds, AzureTime: c.AzureTime - o.AzureTime,
	}
}

// New returns a world in which Azure has nothing yet.
func New(options azuresim.Options) (*World, error) {
	w := &World{Clock: kernel.NewManualClock(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC))}
	options.Clock = w.Clock
	w.Azure = azuresim.New(options)
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("building the scheme: %w", err)
		}
	}
	w.Kubernetes = fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.VMSSRollout{}, &v1alpha1.RolloutAction{}).
		WithInterceptorFuncs(interceptor.Funcs{SubResourceUpdate: w.countWrite, Get: w.get}).Build()
	return w, w.Restart()
}

// Restart puts another controller in the place of the one that there is. It knows nothing but what Kubernetes and Azure have.
func (w *World) Restart() error {
	adapter, err := azure.New(azure.Options{Credential: anyone{w}, Endpoint: "http://azure.invalid", Transport: counted{w}})
	if err != nil {
		return fmt.Errorf("starting a controller: %w", err)
	}
	w.Controller = &controllers.VMSSRolloutReconciler{
		Client: w.Kubernetes, Live: w.Kubernetes, Azure: adapter, Clock: passive{w.Clock}, Events: events.NewFakeRecorder(1 << 16),
	}
	return nil
}

// get reads an object.
func (w *World) get(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	err := c.Get(ctx, key, o, opts...)
	if raw, is := o.(*unstructured.Unstructured); is && err == nil && w.Former != nil {
		raw.Object["status"] = w.Former
	}
	return err
}

// countWrite counts a status write.
func (w *World) countWrite(ctx context.Context, c client.Client, sub string, o client.Object,
	opts ...client.SubResourceUpdateOption) error {
	w.Count.KubernetesWrites++
	w.Former = nil
	return c.SubResource(sub).Update(ctx, o, opts...)
}

// Run runs rounds, each when the one before asked for it, until done says so or limit of virtual time has passed.
func (w *World) Run(ctx context.Context, key client.ObjectKey, limit time.Duration,
	done func(*v1alpha1.VMSSRollout) bool) (*v1alpha1.VMSSRollout, error) {
	ctx = ctrl.LoggerInto(ctx, logr.Discard())
	object := &v1alpha1.VMSSRollout{}
	for end := w.Clock.Now().Add(limit); w.Clock.Now().Before(end); {
		result, err := w.Controller.Reconcile(ctx, ctrl.Request{NamespacedName: key})
		if err != nil {
			return nil, fmt.Errorf("round %d: %w", w.Count.Rounds, err)
		}
		w.Count.Rounds++
		if err := w.Kubernetes.Get(ctx, key, object); err != nil {
			return nil, err
		}
		if done(object) {
			return object, nil
		}
		if result.RequeueAfter <= 0 {
			return object, fmt.Errorf("round %d asked for no other round", w.Count.Rounds)
		}
		w.Clock.Advance(result.RequeueAfter)
	}
	return object, nil
}

// Control asks the simulator's control endpoint for something.
func (w *World) Control(method, path string, body any) ([]byte, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encoding a control request: %w", err)
	}
	recorder := httptest.NewRecorder()
	w.Azure.Control().ServeHTTP(recorder, httptest.NewRequest(method, path, bytes.NewReader(encoded)))
	if recorder.Code >= http.StatusBadRequest {
		return nil, fmt.Errorf("%s %s: %d %s", method, path, recorder.Code, recorder.Body)
	}
	return recorder.Body.Bytes(), nil
}

// counted is the way to the simulator, without sockets.
type counted struct{ w *World }

// Do implements policy.Transporter.
func (c counted) Do(r *http.Request) (*http.Response, error) {
	isPoll := strings.Contains(strings.ToLower(r.URL.Path), "/operations/")
	switch {
	case r.Method != http.MethodGet:
		c.w.Count.AzureWrites++
	case isPoll:
		c.w.Count.AzurePolls++
	default:
		c.w.Count.AzureReads++
	}
	answer, err := c.w.Azure.Transport().RoundTrip(r)
	if err != nil || !isPoll {
		return answer, err
	}
	return answer, c.w.addTime(answer)
}

// addTime adds up what an operation took, once it has ended.
func (w *World) addTime(answer *http.Response) error {
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("reading a poll's answer: %w", err)
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	var operation struct{ StartTime, EndTime time.Time }
	if json.Unmarshal(body, &operation) == nil && !operation.EndTime.IsZero() {
		w.Count.AzureTime += operation.EndTime.Sub(operation.StartTime)
	}
	return nil
}

// anyone is a credential that the simulator accepts. Its token outlives all virtual time.
type anyone struct{ w *World }

// GetToken implements azcore.TokenCredential.
func (a anyone) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "virtual", ExpiresOn: time.Now().Add(24 * time.Hour)}, nil
}

// passive is the simulator's clock as the controller wants it.
type passive struct{ *kernel.ManualClock }

// Since implements clock.PassiveClock.
func (p passive) Since(t time.Time) time.Duration { return p.Now().Sub(t) }
