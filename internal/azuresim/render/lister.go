package render

import "github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"

// Lister shows instances, one by one or in pages. It keeps the templates that lists are written by.
type Lister struct {
	*operations.Registry
	PageSize  int
	Templates map[templateKey]*template // nil: such an instance has none
	pageBytes int                       // of the last list page that was written
}

const defaultPageSize = 100

// NewLister is a lister with pages of a size; 0: 100.
func NewLister(r *operations.Registry, pageSize int) *Lister {
	if pageSize <= 0 {
		pageSize = defaultPageSize
	}
	return &Lister{Registry: r, PageSize: pageSize, Templates: map[templateKey]*template{}}
}
