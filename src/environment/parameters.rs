//! The parameters of an environment, and the text that selects one: `button:future=-10,now=1`.
