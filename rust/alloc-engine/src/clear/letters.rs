//! Lettering groups of a batch: items that were settled together, joined as they meet.

use std::borrow::Cow;

use alloc_domain::LetterKind;
use alloc_domain::clearing::{Allocation, Letter, LetterMember, Payment};
use rustc_hash::FxHashMap;

use super::error::ClearError;

/// The groups, their members, and for each node the index of its group.
type Resolved<'a> = (Vec<Letter<'a>>, Vec<LetterMember<'a>>, Vec<usize>);

/// What an allocation did to its item.
pub(super) struct ItemUse {
    /// The item's node.
    pub node: usize,
    /// What stays open, minor units.
    pub residual_minor: i64,
}

impl ItemUse {
    /// Whether nothing stays open.
    pub fn is_cleared(&self) -> bool {
        self.residual_minor == 0
    }
}

/// An item of the batch or an existing group; a node of the forest.
struct Node<'a> {
    parent: usize,
    entity: &'a str,
    account: &'a str,
    customer_id: Option<&'a str>,
    member: Member<'a>,
}

enum Member<'a> {
    Item {
        item_id: Cow<'a, str>,
        open_minor: i64,
        residual_minor: i64,
        letter_group: Option<i64>,
        last_payment: &'a str,
    },
    Group {
        letter_group: i64,
        /// Open before the batch over all members, if the caller said so.
        open_minor: Option<i64>,
        /// Open before the batch over the members that the batch touched.
        touched_minor: i128,
    },
}

/// All items and existing groups of a batch, joined into the groups of its end.
#[derive(Default)]
pub(super) struct Letters<'a> {
    nodes: Vec<Node<'a>>,
    items: FxHashMap<(&'a str, Cow<'a, str>), usize>,
    groups: FxHashMap<(&'a str, i64), usize>,
}

impl<'a> Letters<'a> {
    /// Takes an allocation off its item and says what stays open.
    pub fn allocate(
        &mut self,
        payment: &Payment<'a>,
        part: &Allocation<'a>,
    ) -> Result<ItemUse, ClearError> {
        if let Some(item_entity) = part.entity.filter(|entity| *entity != payment.entity) {
            return Err(ClearError::EntityDiffers {
                payment_id: payment.payment_id.to_owned(),
                entity: payment.entity.to_owned(),
                item_id: part.item_id.clone().into_owned(),
                item_entity: item_entity.to_owned(),
            });
        }
        let known = self.items.get(&(payment.entity, part.item_id.clone()));
        let node = match known {
            Some(&node) => self.check_again(node, payment, part)?,
            None => self.add_item(payment, part)?,
        };
        let Member::Item {
            residual_minor,
            last_payment,
            ..
        } = &mut self.nodes[node].member
        else {
            unreachable!("items are found among items")
        };
        let (open, allocated) = (*residual_minor, part.allocated_minor);
        let fits = allocated != 0
            && allocated.signum() == open.signum()
            && allocated.unsigned_abs() <= open.unsigned_abs();
        if !fits {
            return Err(ClearError::AllocationInvalid {
                payment_id: payment.payment_id.to_owned(),
                item_id: part.item_id.clone().into_owned(),
                allocated_minor: allocated,
                open_minor: open,
            });
        }
        *residual_minor = open - allocated;
        *last_payment = payment.payment_id;
        Ok(ItemUse {
            node,
            residual_minor: open - allocated,
        })
    }

    /// An item that an earlier row of the batch settled in part: the rows must agree.
    fn check_again(
        &self,
        node: usize,
        payment: &Payment<'a>,
        part: &Allocation<'a>,
    ) -> Result<usize, ClearError> {
        let known = &self.nodes[node];
        let Member::Item {
            open_minor,
            letter_group,
            last_payment,
            ..
        } = &known.member
        else {
            unreachable!("items are found among items")
        };
        if *last_payment == payment.payment_id {
            return Err(ClearError::AllocationTwice {
                payment_id: payment.payment_id.to_owned(),
                item_id: part.item_id.clone().into_owned(),
            });
        }
        let field = if known.account != part.account {
            Some("account")
        } else if known.customer_id != part.customer_id {
            Some("customer_id")
        } else if *open_minor != part.open_minor {
            Some("open_minor")
        } else if *letter_group != part.letter_group {
            Some("letter_group")
        } else {
            None
        };
        match field {
            Some(field) => Err(ClearError::ItemDiffers {
                item_id: part.item_id.clone().into_owned(),
                field,
            }),
            None => Ok(node),
        }
    }

    /// A new item, joined to the existing group it is in.
    fn add_item(
        &mut self,
        payment: &Payment<'a>,
        part: &Allocation<'a>,
    ) -> Result<usize, ClearError> {
        let member = Member::Item {
            item_id: part.item_id.clone(),
            open_minor: part.open_minor,
            residual_minor: part.open_minor,
            letter_group: part.letter_group,
            last_payment: "",
        };
        let node = self.add_node(payment.entity, part, member);
        self.items
            .insert((payment.entity, part.item_id.clone()), node);
        if let Some(letter_group) = part.letter_group {
            let group = self.existing_group(payment.entity, part, letter_group)?;
            self.nodes[node].parent = group;
        }
        Ok(node)
    }

    fn add_node(&mut self, entity: &'a str, part: &Allocation<'a>, member: Member<'a>) -> usize {
        let node = self.nodes.len();
        self.nodes.push(Node {
            parent: node,
            entity,
            account: part.account,
            customer_id: part.customer_id,
            member,
        });
        node
    }

    /// The root of the existing group of an item; the group's rows must agree.
    fn existing_group(
        &mut self,
        entity: &'a str,
        part: &Allocation<'a>,
        letter_group: i64,
    ) -> Result<usize, ClearError> {
        let group = self.groups.get(&(entity, letter_group)).copied();
        let node = group.unwrap_or_else(|| {
            let member = Member::Group {
                letter_group,
                open_minor: part.group_open_minor,
                touched_minor: 0,
            };
            let node = self.add_node(entity, part, member);
            self.groups.insert((entity, letter_group), node);
            node
        });
        let known = &mut self.nodes[node];
        let same_account = known.account == part.account && known.customer_id == part.customer_id;
        let Member::Group {
            open_minor,
            touched_minor,
            ..
        } = &mut known.member
        else {
            unreachable!("groups are found among groups")
        };
        let field = if !same_account {
            Some("account or customer")
        } else if *open_minor != part.group_open_minor {
            Some("group_open_minor")
        } else {
            None
        };
        if let Some(field) = field {
            return Err(ClearError::GroupDiffers {
                letter_group,
                field,
            });
        }
        *touched_minor += i128::from(part.open_minor);
        Ok(self.root(node))
    }

    /// The node that stands for the whole group; paths are halved on the way.
    fn root(&mut self, mut node: usize) -> usize {
        while self.nodes[node].parent != node {
            let above = self.nodes[self.nodes[node].parent].parent;
            self.nodes[node].parent = above;
            node = above;
        }
        node
    }

    /// Joins the groups of the given nodes, which are never none, into one.
    pub fn join(&mut self, nodes: impl Iterator<Item = usize>) -> usize {
        let mut joined: Option<usize> = None;
        for node in nodes {
            let root = self.root(node);
            let above = *joined.get_or_insert(root);
            self.nodes[root].parent = above;
        }
        joined.expect("a posting has at least one item")
    }

    /// The groups, their members, and for each node the index of its group.
    pub fn resolve(&mut self) -> Result<Resolved<'a>, ClearError> {
        let roots: Vec<usize> = (0..self.nodes.len()).map(|node| self.root(node)).collect();
        let mut index_of = FxHashMap::default();
        let mut sums: Vec<Sum> = Vec::new();
        let mut letters: Vec<Letter<'a>> = Vec::new();
        let mut members: Vec<LetterMember<'a>> = Vec::new();
        for (node, root) in self.nodes.iter().zip(&roots) {
            let letter_index = *index_of.entry(*root).or_insert(letters.len());
            if letter_index == letters.len() {
                letters.push(Letter {
                    entity: node.entity,
                    account: node.account,
                    customer_id: node.customer_id,
                    kind: LetterKind::Full,
                    balance_minor: 0,
                    letter_groups: Vec::new(),
                });
                sums.push(Sum::default());
            }
            sums[letter_index].add(&node.member);
            match &node.member {
                Member::Item { item_id, .. } => members.push(LetterMember {
                    letter_index,
                    item_id: item_id.clone(),
                }),
                Member::Group { letter_group, .. } => {
                    letters[letter_index].letter_groups.push(*letter_group);
                }
            }
        }
        for (letter, sum) in letters.iter_mut().zip(sums) {
            sum.write(letter)?;
        }
        members.sort_by_key(|member| member.letter_index);
        let rename = roots.iter().map(|root| index_of[root]).collect();
        Ok((letters, members, rename))
    }
}

/// What the members of a group have open together.
#[derive(Default)]
struct Sum {
    balance: i128,
    is_open: bool,
}

impl Sum {
    fn add(&mut self, member: &Member<'_>) {
        let open = match member {
            Member::Item { residual_minor, .. } => i128::from(*residual_minor),
            Member::Group {
                open_minor,
                touched_minor,
                ..
            } => open_minor.map_or(0, |open| i128::from(open) - touched_minor),
        };
        self.balance += open;
        self.is_open |= open != 0;
    }

    fn write(&self, letter: &mut Letter<'_>) -> Result<(), ClearError> {
        if self.is_open {
            letter.kind = LetterKind::Partial;
        }
        letter.balance_minor =
            i64::try_from(self.balance).map_err(|_| ClearError::BalanceTooLarge {
                account: letter.account.to_owned(),
            })?;
        letter.letter_groups.sort_unstable();
        Ok(())
    }
}
