package rollout

import "strings"

// Application is a version of a gallery application: as a target declares it, as the model has it, or as a snapshot holds it.
type Application struct {
	ID            string // ARM id of the version; where Absent, that of the application
	Order         int    `json:",omitempty"` // lower ones are installed first; 0: none, which is last
	Configuration string `json:",omitempty"` // URI of the blob that replaces the version's own configuration; "": none
	Tags          string `json:",omitempty"`

	IgnoresFailure bool             `json:",omitempty"` // never declared: a failed installation does not fail the instance
	UpgradesItself bool             `json:",omitempty"` // never declared: Azure moves it to newer versions
	Absent         bool             `json:",omitempty"` // only in a snapshot and a rollback: the model did not have the application
	Entry          ApplicationEntry `json:",omitempty"` // not in a declaration: the whole entry of the model, as it was read
}

// ApplicationEntry is an entry of the model's list of gallery applications, as JSON. The core carries it.
type ApplicationEntry string

// InstanceApplication is a gallery application as an instance shows it. Its gallery is not shown.
type InstanceApplication struct {
	Name    string
	Version string // "": not shown
	Failed  bool   // its last installation, update or removal failed
}

// versionsSegment precedes the version in the id.
const versionsSegment = "versions"

// split returns the id of the application, and the version; "": none is named.
func (a Application) split() (application, version string) {
	segments := strings.Split(a.ID, "/")
	last := len(segments) - 1
	if last < 2 || !strings.EqualFold(segments[last-1], versionsSegment) {
		return a.ID, ""
	}
	return strings.Join(segments[:last-1], "/"), segments[last]
}

// WithoutVersion returns the id of the application, which its versions share.
func (a Application) WithoutVersion() string {
	application, _ := a.split()
	return application
}

// Version returns the version; "": none is named.
func (a Application) Version() string {
	_, version := a.split()
	return version
}

// Name returns the name of the application, without its gallery.
func (a Application) Name() string {
	application := a.WithoutVersion()
	return application[strings.LastIndex(application, "/")+1:]
}

// NamesVersion reports that the id always stands for the same content.
func (a Application) NamesVersion() bool {
	version := a.Version()
	return version != "" && !strings.EqualFold(version, "latest")
}

// IsVersionOf reports whether both are versions of one application. Azure compares ids without regard to case.
func (a Application) IsVersionOf(o Application) bool {
	return strings.EqualFold(a.WithoutVersion(), o.WithoutVersion())
}

// Same reports whether both have the same version, installed in the same way. What no target declares is not compared.
func (a Application) Same(o Application) bool {
	return strings.EqualFold(a.ID, o.ID) && a.Order == o.Order && a.Configuration == o.Configuration && a.Tags == o.Tags &&
		a.IgnoresFailure == o.IgnoresFailure && a.UpgradesItself == o.UpgradesItself && a.Absent == o.Absent
}

// VersionsOf returns the versions of the application that are in the list. Azure lets a model have one.
func VersionsOf(application Application, list []Application) []Application {
	var found []Application
	for _, a := range list {
		if a.IsVersionOf(application) {
			found = append(found, a)
		}
	}
	return found
}

// MergeApplications returns the list of the model after a write: every application keeps its place, others stay as they are, new ones come
// last.
func MergeApplications(current, declared []Application) []Application {
	merged := []Application{}
	for _, a := range current {
		wanted := VersionsOf(a, declared)
		switch {
		case len(wanted) == 0:
			merged = append(merged, a)
		case !wanted[0].Absent && len(VersionsOf(a, merged)) == 0:
			merged = append(merged, wanted[0])
		}
	}
	for _, a := range declared {
		if !a.Absent && len(VersionsOf(a, merged)) == 0 {
			merged = append(merged, a)
		}
	}
	return merged
}

// WriteApplicationsOperation is the operation that writes the list of gallery applications.
const WriteApplicationsOperation OperationKind = "WriteApplications"

// WriteApplications writes the list of gallery applications into the model, if the model still is the one with the ETag. An application of
// Current that Applications does not name is sent back as it was read.
type WriteApplications struct {
	Applications []Application
	Current      []Application
	ETag         string
}

// Operation implements Step.
func (WriteApplications) Operation() OperationKind { return WriteApplicationsOperation }
