package revisions

import (
	"context"
	"errors"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/finalizer"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// errDown is the answer of an API server in trouble.
var errDown = errors.New("the API server is down")

// newStore returns a store in an API server in memory, and the rollout that it is for.
func newStore(t *testing.T, funcs interceptor.Funcs) (Store, *v1alpha1.VMSSRollout) {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	kube := fake.NewClientBuilder().WithScheme(scheme).WithInterceptorFuncs(funcs).Build()
	return Store{Client: kube, Live: kube}, &v1alpha1.VMSSRollout{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "2"}}
}

// stored makes a revision of the rollout, as it is stored.
func stored(t *testing.T, s Store, object *v1alpha1.VMSSRollout, change func(*appsv1.ControllerRevision)) *appsv1.ControllerRevision {
	t.Helper()
	revision, err := revisionFor(object, rollout.StoredRevision{Revision: "0123456789ab", Run: 4,
		Snapshot: rollout.Snapshot{Image: &rollout.Image{ID: "before"}}})
	if err != nil {
		t.Fatal(err)
	}
	change(revision)
	if err := s.Client.Create(t.Context(), revision); err != nil {
		t.Fatal(err)
	}
	return revision
}

// TestRecordsOfAnotherObject: a record is read, stored over and kept only where it belongs to this very object.
func TestRecordsOfAnotherObject(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*appsv1.ControllerRevision)
		read   rollout.Kind // "": it is read
		refuse string       // "": it counts as stored
	}{
		"its own":         {func(*appsv1.ControllerRevision) {}, "", ""},
		"no owner":        {func(r *appsv1.ControllerRevision) { r.OwnerReferences = nil }, rollout.KindNotFound, "belongs to another object"},
		"a former object": {func(r *appsv1.ControllerRevision) { r.OwnerReferences[0].UID = "1" }, rollout.KindNotFound, "another object"},
		"no snapshot":     {func(r *appsv1.ControllerRevision) { r.Data.Raw = []byte(`"text"`) }, rollout.KindNotFound, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, object := newStore(t, interceptor.Funcs{})
			revision := stored(t, s, object, tc.change)
			read := s.Read(t.Context(), object, "0123456789ab")
			if tc.read == "" && (read.State != rollout.Read || read.Value.Image.ID != "before") {
				t.Errorf("read %+v", read)
			}
			if tc.read != "" && (read.State != rollout.ReadFailed || read.Problem.Kind != tc.read) {
				t.Errorf("read %+v, want %s", read, tc.read)
			}
			err := s.Save(t.Context(), object, rollout.StoredRevision{Revision: "0123456789ab"})
			if isRefused := err != nil; isRefused != (tc.refuse != "") || isRefused && !strings.Contains(err.Error(), tc.refuse) {
				t.Errorf("storing it again: %v, want %q", err, tc.refuse)
			}
			if tc.refuse != "" && !strings.Contains(err.Error(), "kubectl delete controllerrevision "+revision.Name) {
				t.Errorf("no command in %v", err)
			}
		})
	}
}

// TestRecordsOfATargetThatIsRolledOutAgain: the record of a target says what the target left in the model the last time. The same content
// is not stored twice, and an API server that refuses a step of it ends the round with its error.
func TestRecordsOfATargetThatIsRolledOutAgain(t *testing.T) {
	again := rollout.StoredRevision{Revision: "0123456789ab", Run: 6, Snapshot: rollout.Snapshot{Image: &rollout.Image{ID: "now"}}}
	writes, refused := 0, ""
	count := func(what string) error {
		if refused == what {
			return errDown
		}
		writes++
		return nil
	}
	s, object := newStore(t, interceptor.Funcs{
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			return errors.Join(count("patch"), c.Patch(ctx, o, p, opts...))
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			if err := count("delete"); err != nil {
				return err
			}
			return c.Delete(ctx, o, opts...)
		},
	})
	stored(t, s, object, func(r *appsv1.ControllerRevision) { r.Finalizers = []string{finalizer.Name} })
	for _, refused = range []string{"patch", "delete"} {
		if err := s.Save(t.Context(), object, again); !errors.Is(err, errDown) {
			t.Errorf("a refused %s: %v", refused, err)
		}
	}
	refused = ""
	for range 2 {
		if err := s.Save(t.Context(), object, again); err != nil {
			t.Fatal(err)
		}
	}
	read := s.Read(t.Context(), object, "0123456789ab")
	if read.State != rollout.Read || read.Value.Image.ID != "now" || writes > 3 {
		t.Errorf("after %d writes: %+v", writes, read)
	}
}

// TestRecordsThatCannotBeRead: an API server that does not answer says nothing of what is stored.
func TestRecordsThatCannotBeRead(t *testing.T) {
	isDown := true
	s, object := newStore(t, interceptor.Funcs{Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object,
		opts ...client.GetOption) error {
		if _, is := o.(*appsv1.ControllerRevision); is && isDown {
			return errDown
		}
		return c.Get(ctx, key, o, opts...)
	}})
	stored(t, s, object, func(*appsv1.ControllerRevision) {})
	if read := s.Read(t.Context(), object, "0123456789ab"); read.State != rollout.ReadFailed || read.Problem.Kind != rollout.KindTransient {
		t.Errorf("read %+v", read)
	}
	if err := s.Save(t.Context(), object, rollout.StoredRevision{Revision: "0123456789ab"}); !errors.Is(err, errDown) {
		t.Errorf("stored: %v", err)
	}
	isDown = false
	if read := s.Read(t.Context(), object, "0123456789ab"); read.State != rollout.Read {
		t.Errorf("read %+v", read)
	}
}

// TestRecordsThatAreKept: what is not needed any more is deleted, with its finalizer, and nothing else.
func TestRecordsThatAreKept(t *testing.T) {
	s, object := newStore(t, interceptor.Funcs{})
	stored(t, s, object, func(*appsv1.ControllerRevision) {})
	held := stored(t, s, object, func(r *appsv1.ControllerRevision) {
		r.Name, r.Finalizers = Name(object, "fedcba987654"), []string{finalizer.Name}
	})
	other := stored(t, s, object, func(r *appsv1.ControllerRevision) {
		r.Name, r.Labels = "another-rollout", map[string]string{labelRollout: "9"}
	})
	if err := s.Prune(t.Context(), object, []string{"0123456789ab"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Client.Get(t.Context(), client.ObjectKeyFromObject(held), &appsv1.ControllerRevision{}); !apierrors.IsNotFound(err) {
		t.Errorf("a record that is not needed: %v, want it gone", err)
	}
	for _, name := range []string{Name(object, "0123456789ab"), other.Name} {
		if err := s.Client.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: name}, &appsv1.ControllerRevision{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRecordsThatStay: a record that the API server does not delete ends the round with its error.
func TestRecordsThatStay(t *testing.T) {
	s, object := newStore(t, interceptor.Funcs{Delete: func(context.Context, client.WithWatch, client.Object, ...client.DeleteOption) error {
		return errDown
	}})
	stored(t, s, object, func(*appsv1.ControllerRevision) {})
	if err := s.Prune(t.Context(), object, nil); !errors.Is(err, errDown) {
		t.Errorf("error %v", err)
	}
}

// TestStoredSnapshotsAreRead: what an older controller stored is read for ever: this is its form.
func TestStoredSnapshotsAreRead(t *testing.T) {
	s, object := newStore(t, interceptor.Funcs{})
	for name, data := range map[string]string{
		"image":  `{"image":{"ID":"/images/a"}}`,
		"script": `{"script":{"Absent":false,"URIs":["https://a"],"Command":"sh a","ForceUpdateTag":"1","ProtectedSettings":"s","Digest":"d"}}`,
		"absent": `{"script":{"Absent":true}}`,
	} {
		revision, err := revisionFor(object, rollout.StoredRevision{Revision: name})
		if err != nil {
			t.Fatal(err)
		}
		revision.Data = runtime.RawExtension{Raw: []byte(data)}
		if err := s.Client.Create(t.Context(), revision); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) rollout.Snapshot {
		reading := s.Read(t.Context(), object, name)
		if reading.State != rollout.Read {
			t.Fatalf("%s: %+v", name, reading.Problem)
		}
		return reading.Value
	}
	if s := read("image"); s.Image.ID != "/images/a" || s.Script != nil {
		t.Errorf("image: %+v", s)
	}
	if s := read("script").Script; s.Absent || s.URIs[0] != "https://a" || s.Command != "sh a" || s.ForceUpdateTag != "1" ||
		s.ProtectedSettings != "s" || s.Digest != "d" {
		t.Errorf("script: %+v", s)
	}
	if s := read("absent").Script; !s.Absent {
		t.Errorf("absent: %+v", s)
	}
	if reading := s.Read(t.Context(), object, "web-image"); reading.State != rollout.Read {
		t.Errorf("by its full name: %+v", reading.Problem)
	}
	if reading := s.Read(t.Context(), object, "none"); reading.State != rollout.ReadFailed ||
		reading.Problem.Kind != rollout.KindNotFound {
		t.Errorf("one that is not there: %+v", reading)
	}
}

// TestFormerNamesOfRecords: a rollout that a former version of the controller stored records for finds them, under both spellings;
// another's are never its own.
func TestFormerNamesOfRecords(t *testing.T) {
	metric.Fault(t, 21)
	s, object := newStore(t, interceptor.Funcs{})
	image := &rollout.Image{ID: "before"}
	stored, err := revisionFor(object, rollout.StoredRevision{Revision: "5d4f8c7b9a01", Snapshot: rollout.Snapshot{Image: image}})
	if err != nil {
		t.Fatal(err)
	}
	stored.Name = "web-5d4f8c7b9a01"
	if err := s.Client.Create(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"5d4f8c7b9a01", "web-5d4f8c7b9a01", Name(object, "5d4f8c7b9a01")} {
		read := s.Read(t.Context(), object, name)
		if read.State != rollout.Read || read.Value.Image == nil || read.Value.Image.ID != "before" {
			t.Errorf("%s: %+v", name, read)
		}
	}
	other := object.DeepCopy()
	other.UID = types.UID("another")
	if read := s.Read(t.Context(), other, "5d4f8c7b9a01"); read.State != rollout.ReadFailed {
		t.Errorf("another object reads %+v", read)
	}
	if err := s.Prune(t.Context(), object, []string{"5d4f8c7b9a01"}); err != nil {
		t.Fatal(err)
	}
	list := &appsv1.ControllerRevisionList{}
	if err := s.Client.List(t.Context(), list); err != nil || len(list.Items) != 1 {
		t.Errorf("%d revisions, want the one that is still needed: %v", len(list.Items), err)
	}
}
