package integrations

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/controllers"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/analysis"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
	"github.com/vmss-rollouts/vmss-rollouts/internal/redact"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const leakSeed = 14

// planted is a secret in a text, and what of it must not be seen anywhere.
type planted struct {
	where   string
	secret  string // a word of it
	spelled string // as it stands in the text
}

// spellingsOf are the ways in which programs print a secret. Each is a text of its own.
func spellingsOf(secret string) []string {
	quoted, err := json.Marshal("a " + secret)
	if err != nil {
		panic(err)
	}
	padded := func(n int) []byte { return []byte(strings.Repeat("#", n) + secret + strings.Repeat("!", n)) }
	return []string{
		secret, string(quoted), url.QueryEscape(secret), url.PathEscape(secret), "'" + strings.ReplaceAll(secret, "'", `'\''`) + "'",
		"--password " + secret, "curl -u app:" + secret,
		"NAME=" + secret, "+ export CONFIG='" + secret + "'", "Server=db;Password=" + secret + ";Encrypt=yes",
		"https://app:" + secret + "@db.example/x",
		base64.StdEncoding.EncodeToString(
			padded(0),
		), base64.URLEncoding.EncodeToString(padded(1)), base64.RawStdEncoding.EncodeToString(padded(2)),
		base64.RawURLEncoding.EncodeToString(padded(4)),
	}
}

// word makes a secret that nothing but the Secret can tell: no prefix, no form.
func word(r *rand.Rand) string {
	const letters, special = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789", "$&<+/%=!~^*"
	b := []byte{'q'}
	for range 12 {
		b = append(b, letters[r.IntN(len(letters))])
	}
	b[5] = special[r.IntN(len(special))]
	return string(b)
}

// shown is how a secret is searched for: in any of the ways to print it, or half of it, or what base64 makes of it.
func shown(all, secret string) bool {
	half := secret[6:]
	for _, text := range []string{secret, half, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(string(mustJSON(secret)), `"`)} {
		if strings.Contains(all, text) {
			return true
		}
	}
	for before := range 3 {
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			encoded := encoding.EncodeToString(append(make([]byte, before), secret...))
			if strings.Contains(all, encoded[4:len(encoded)-2]) {
				return true
			}
		}
	}
	return false
}

func mustJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// leakyAzure is ARM for one scale set of two, whose answers quote what they are told to quote.
type leakyAzure struct {
	text   string // quoted wherever it can be
	where  string
	script map[string]any
	has    map[string]bool // instances that have the script
}

const leakyPath = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop-rg/" +
	"" +
	"providers/Microsoft.Compute/virtualMachineScaleSets/web"

func (l *leakyAzure) Do(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/json")
	l.answer(w, r)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func (l *leakyAzure) answer(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code string) {
		w.WriteHeader(status)
		fmt.Fprintf(
			w,
			`{"error":{"code":%q,"message":%s,"details":[{"code":"Inner","message":%s}]}}`,
			code,
			mustJSON("The request is wrong: "+l.text),
			mustJSON("because of "+l.text),
		)
	}
	accept := func(status int) {
		w.Header().Set("Azure-AsyncOperation", "https://management.azure.com/operations/1?t=1")
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(status)
		fmt.Fprint(w, `{}`)
	}
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, "/operations/"):
		if l.where == "operation" {
			fmt.Fprintf(
				w,
				`{"status":"Failed","error":{"code":"VMExtensionProvisioningError","message":%s}}`,
				mustJSON("VM has reported a failure. [stderr]\n"+l.text),
			)
			return
		}
		fmt.Fprint(w, `{"status":"Succeeded"}`)
	case r.Method == http.MethodPut:
		var body struct {
			Properties map[string]any `json:"properties"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			panic(err)
		}
		if l.where == "refusal" {
			refuse(http.StatusBadRequest, "InvalidParameter")
			return
		}
		delete(body.Properties, "protectedSettings")
		l.script = body.Properties
		accept(http.StatusCreated)
	case r.Method == http.MethodPost:
		if l.where == "upgrade refusal" {
			refuse(http.StatusConflict, "Whatever")
			return
		}
		var body struct {
			InstanceIDs []string `json:"instanceIds"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			panic(err)
		}
		for _, id := range body.InstanceIDs {
			l.has[id] = true
		}
		accept(http.StatusAccepted)
	case strings.HasSuffix(path, "/virtualMachines"):
		if l.where == "list" {
			refuse(http.StatusForbidden, "AuthorizationFailed")
			return
		}
		l.instances(w)
	case path == leakyPath:
		extensions := []any{}
		if l.script != nil {
			extensions = append(extensions, map[string]any{"name": "vmssrollout-script", "properties": l.script})
		}
		extensions = append(
			extensions,
			map[string]any{
				"name":       "health",
				"properties": map[string]any{"publisher": "Microsoft.ManagedServices", "type": "ApplicationHealthLinux"},
			},
		)
		_, _ = w.Write(
			mustJSON(map[string]any{"name": "web", "etag": `"1"`, "sku": map[string]any{"capacity": 2}, "properties": map[string]any{
				"uniqueId": "1", "provisioningState": "Succeeded", "orchestrationMode": "Uniform", "upgradePolicy": map[string]any{"mode": "Manual"},
				"virtualMachineProfile": map[string]any{"extensionProfile": map[string]any{"extensions": extensions}},
			}}),
		)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (l *leakyAzure) instances(w io.Writer) {
	message := map[string]string{
		"stderr":    "Enable failed: exit status=1\n[stdout]\n\n[stderr]\n+ ./join " + l.text + "\nfailed",
		"stdout":    "Enable failed: exit status=1\n[stdout]\n" + l.text + "\n",
		"extension": "the plugin said " + l.text,
		"cut":       "Enable failed: exit status=1\n[stdout]\n\n[stderr]\n" + l.text[min(3, len(l.text)):] + "\nfailed",
	}[l.where]
	var all []any
	for _, id := range []string{"0", "1"} {
		status := map[string]any{"code": "ProvisioningState/succeeded"}
		state := "Succeeded"
		if message != "" && l.has[id] {
			status, state = map[string]any{"code": "ProvisioningState/failed/1", "message": message}, "Failed"
		}
		all = append(all, map[string]any{"instanceId": id, "name": "web_" + id, "properties": map[string]any{
			"latestModelApplied": l.script == nil ||
				l.has[id], "vmId": "vm-" + id, "provisioningState": state, "timeCreated": "2026-01-02T03:04:05Z",
			"instanceView": map[string]any{
				"statuses": []any{map[string]any{"code": "PowerState/running"}},
				"vmHealth": map[string]any{"status": map[string]any{"code": "HealthState/healthy", "time": "2099-01-02T03:04:05Z"}},
				"extensions": []any{
					map[string]any{
						"name":     "vmssrollout-script",
						"type":     "Microsoft.Azure.Extensions.CustomScript",
						"statuses": []any{status},
					},
				},
			},
		}})
	}
	_, _ = w.Write(mustJSON(map[string]any{"value": all}))
}

type noCredential struct{}

func (noCredential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "t", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// printing runs scripts that print.
type printing string

func (p printing) Run(context.Context, checks.ScaleSet, checks.Instance, string) (int, string, error) {
	return 1, string(p), nil
}

// leakWorld is the whole controller but its manager: the real adapter, reconciler and probes, before an API server in memory.
type leakWorld struct {
	reconciler *controllers.VMSSRolloutReconciler
	arm        *leakyAzure
	kube       client.Client
	clock      *clocktesting.FakePassiveClock
	events     *events.FakeRecorder
	registry   *prometheus.Registry
	out        bytes.Buffer // logs and returned errors
}

func newLeakWorld(t *testing.T, secret string) *leakWorld {
	t.Helper()
	w := &leakWorld{
		arm:      &leakyAzure{has: map[string]bool{}},
		clock:    clocktesting.NewFakePassiveClock(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)),
		events:   events.NewFakeRecorder(1000),
		registry: prometheus.NewRegistry(),
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	held := func(name, use, key, content string) *corev1.Secret {
		return &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace:   "shop",
				Name:        name,
				UID:         types.UID(name),
				Annotations: map[string]string{grant.UsesAnnotation: use, grant.HostsAnnotation: "127.0.0.1:*"},
			},
			Data: map[string][]byte{key: []byte(content)},
		}
	}
	object := &v1alpha1.VMSSRollout{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:         "shop",
			Name:              "web",
			UID:               "2",
			Generation:        1,
			CreationTimestamp: metav1.NewTime(w.clock.Now()),
		},
		Spec: v1alpha1.VMSSRolloutSpec{
			ScaleSet: v1alpha1.ScaleSetReference{
				SubscriptionID: "00000000-0000-0000-0000-000000000001",
				ResourceGroup:  "shop-rg",
				Name:           "web",
			},
			Target: v1alpha1.Target{
				Script: &v1alpha1.Script{
					ProtectedSettings: &v1alpha1.ProtectedSettings{SecretRef: v1alpha1.SecretReference{Name: "script"}},
				},
			},
			Strategy: v1alpha1.Strategy{Canary: v1alpha1.Canary{Percent: 100}},
		},
	}
	w.kube = fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.VMSSRollout{}).
		WithObjects(object, held("script", "script", "commandToExecute", "sh v2.sh --key "+secret),
			held("token", "hook,check", "bearer", secret)).
		Build()
	adapter, err := azure.New(azure.Options{Credential: noCredential{}, Transport: w.arm})
	if err != nil {
		t.Fatal(err)
	}
	w.reconciler = &controllers.VMSSRolloutReconciler{
		Client:  w.kube,
		Live:    w.kube,
		Azure:   adapter,
		Clock:   w.clock,
		Events:  w.events,
		Metrics: controllers.NewMetrics(w.registry),
	}
	return w
}

// run makes a few rounds.
func (w *leakWorld) run(t *testing.T, rounds int) {
	t.Helper()
	ctx := logr.NewContext(
		t.Context(),
		funcr.New(func(prefix, args string) { w.out.WriteString(prefix + args + "\n") }, funcr.Options{Verbosity: 10}),
	)
	for range rounds {
		result, err := w.reconciler.Reconcile(ctx, ctrl.Request{NamespacedName: types.NamespacedName{Namespace: "shop", Name: "web"}})
		if err != nil {
			fmt.Fprintf(&w.out, "%v\n", err)
		}
		w.clock.SetTime(w.clock.Now().Add(result.RequeueAfter))
		object := &v1alpha1.VMSSRollout{}
		if err := w.kube.Get(t.Context(), types.NamespacedName{Namespace: "shop", Name: "web"}, object); err != nil {
			t.Fatal(err)
		}
		w.out.Write(mustJSON(object.Status))
	}
}

// exits is everything that left the controller.
func (w *leakWorld) exits(t *testing.T) string {
	t.Helper()
	for len(w.events.Events) > 0 {
		w.out.WriteString(<-w.events.Events)
	}
	families, err := w.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		w.out.WriteString(family.String())
	}
	return w.out.String()
}

// TestSecretsAreSeenNowhere plants secrets in everything that Azure, instances, checks and hooks may say, in every spelling, and looks for
// them in statuses, events, logs, metrics and errors.
func TestSecretsAreSeenNowhere(t *testing.T) {
	metric.Fault(t, 1)
	t.Logf("seed %d", leakSeed)
	r := rand.New(rand.NewPCG(leakSeed, 1))
	sightings, count, cut := 0, 0, 0
	see := func(p planted, all string) {
		count++
		cut += strings.Count(all, redact.Mark)
		if shown(all, p.secret) {
			sightings++
			t.Errorf("%s: %s is seen", p.where, p.spelled)
		}
	}
	for _, where := range []string{"stderr", "stdout", "extension", "cut", "refusal", "operation", "upgrade refusal", "list"} {
		for n := range spellingsOf("") {
			secret := word(r)
			p := planted{where, secret, spellingsOf(secret)[n]}
			w := newLeakWorld(t, secret)
			w.arm.where, w.arm.text = where, p.spelled
			w.run(t, 6)
			see(p, w.exits(t))
		}
	}
	for n := range spellingsOf("") {
		for where, say := range map[string]func(*testing.T, *leakWorld, string) string{"command": commandSays, "excerpt": excerptSays,
			"webhook": webhookSays, "hook": hookSays} {
			secret := word(r)
			p := planted{where, secret, spellingsOf(secret)[n]}
			see(p, say(t, newLeakWorld(t, secret), p.spelled))
		}
	}
	for _, lose := range []func(context.Context, client.Client, *corev1.Secret) error{
		func(ctx context.Context, c client.Client, s *corev1.Secret) error { return c.Delete(ctx, s) },
		func(ctx context.Context, c client.Client, s *corev1.Secret) error {
			s.Data["commandToExecute"] = []byte("sh v3.sh")
			return c.Update(ctx, s)
		},
	} {
		for _, where := range []string{"stderr", "stdout", "extension", "operation"} {
			for n := range spellingsOf("") {
				secret := word(r)
				p := planted{where + ", Secret lost", secret, spellingsOf(secret)[n]}
				w := newLeakWorld(t, secret)
				w.run(t, 2)
				held := &corev1.Secret{}
				if err := w.kube.Get(t.Context(), types.NamespacedName{Namespace: "shop", Name: "script"}, held); err != nil {
					t.Fatal(err)
				}
				if err := lose(t.Context(), w.kube, held); err != nil {
					t.Fatal(err)
				}
				w.arm.where, w.arm.text = where, p.spelled
				w.run(t, 5)
				see(p, w.exits(t))
			}
		}
	}
	if cut == 0 {
		t.Error("nothing was ever cut, so nothing was said that could hold a secret")
	}
	metric.Record(t, "secrets_planted", count)
	metric.Record(t, "secret_sightings", sightings)
}

var leakSubject = checks.Subject{Namespace: "shop", Rollout: "web", UID: "2", Instance: &checks.Instance{ID: "0", VMID: "vm-0"}}

// commandSays returns the measurement of a check that ran a script.
func commandSays(t *testing.T, w *leakWorld, text string) string {
	t.Helper()
	probe, err := checks.New(
		checks.Spec{RunCommand: &checks.RunCommand{Script: "x", ShowOutput: true}},
		checks.Ports{Commands: printing("curl failed: " + text), Redactor: w.reconciler.Redactor},
	)
	if err != nil {
		t.Fatal(err)
	}
	return string(mustJSON(probe.Measure(t.Context(), leakSubject)))
}

// leakServer answers with the text everywhere.
func leakServer(t *testing.T, status int, text string) (address string, port uint16, ports checks.Ports) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Said", url.QueryEscape(text))
		w.WriteHeader(status)
		_, _ = w.Write(mustJSON(map[string]string{"status": text}))
	}))
	t.Cleanup(server.Close)
	list, err := outbound.ParseAllowList("127.0.0.0/8:1024-65535")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(u.Port(), &port); err != nil {
		t.Fatal(err)
	}
	return server.URL, port, checks.Ports{Outbound: outbound.New(outbound.Options{Allow: list}), Excerpt: 64}
}

// excerptSays returns the measurement of a check that shows an excerpt of an instance's answer.
func excerptSays(t *testing.T, w *leakWorld, text string) string {
	t.Helper()
	_, port, ports := leakServer(t, http.StatusOK, text)
	ports.Redactor = w.reconciler.Redactor
	well := "well"
	subject := leakSubject
	subject.Instance = &checks.Instance{ID: "0", Address: netip.MustParseAddr("127.0.0.1")}
	probe, err := checks.New(
		checks.Spec{
			HTTP: &checks.HTTP{
				Via:    checks.ViaPrivateAddress,
				Scheme: "http",
				Port:   port,
				JSON:   &checks.JSONCondition{Path: "{.status}", Equals: &well},
			},
		},
		ports,
	)
	if err != nil {
		t.Fatal(err)
	}
	return string(mustJSON(probe.Measure(t.Context(), subject)))
}

// webhookSays returns the measurement of a webhook that refuses.
func webhookSays(t *testing.T, w *leakWorld, text string) string {
	t.Helper()
	address, _, ports := leakServer(t, http.StatusForbidden, text)
	ports.Redactor = w.reconciler.Redactor
	probe, err := checks.New(checks.Spec{Webhook: &checks.Webhook{URL: address}}, ports)
	if err != nil {
		t.Fatal(err)
	}
	return string(mustJSON(probe.Measure(t.Context(), leakSubject)))
}

// hookSays returns the result of a hook that was refused.
func hookSays(t *testing.T, w *leakWorld, text string) string {
	t.Helper()
	address, _, ports := leakServer(t, http.StatusForbidden, text)
	ports.Redactor = w.reconciler.Redactor
	changed := make(chan struct{}, 1)
	desk := analysis.New(analysis.Options{Ports: ports, Changed: func(types.NamespacedName) { changed <- struct{}{} }})
	object := &v1alpha1.VMSSRollout{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "2"},
		Spec:       v1alpha1.VMSSRolloutSpec{Hooks: []v1alpha1.Hook{{Name: "page", URL: address}}},
	}
	if problem := desk.Declare(object, nil); problem != nil {
		t.Fatal(problem)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- desk.Start(ctx) }()
	desk.Want(
		object,
		nil,
		rollout.Decision{Tasks: rollout.TaskWork{Hooks: []rollout.HookCall{{Key: rollout.HookCallKey{Hook: "page", Run: 1}}}}},
	)
	<-changed
	_, calls := desk.Known("2")
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	return fmt.Sprintf("%+v", calls)
}
