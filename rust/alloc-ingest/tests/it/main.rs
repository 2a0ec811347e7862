//! Bank files as their readers see them: whole, cut off and damaged.

mod damage;
mod files;
